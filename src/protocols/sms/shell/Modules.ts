/**
 * Commands from the modules of a directory: every `*.ts`, `*.mts`, `*.js` and `*.mjs` file in it, whose base name is the
 * command's and whose default export is the command. They are ES modules, and Node loads them, stripping the types
 * itself.
 *
 * In them, and in the modules that they import by a relative path, `wireline`, its other entries and `effect` are those
 * of this server, wherever the directory is and whatever is installed there.
 *
 * Files whose base names are no names of commands are left alone (`tides.test.ts`, `README.md`), as are folders: that is
 * where what several commands share can be.
 *
 * **Gotchas**
 *
 * A flush reads the directory again, and each of its modules, with what they import by a relative path, at the next call.
 * Node keeps what it has loaded before in memory all the same, so every flush costs their size.
 */
import { Effect, type Scope } from "effect"
import { readdir, realpath } from "node:fs/promises"
import { registerHooks, type ResolveHookSync } from "node:module"
import { extname } from "node:path"
import { pathToFileURL } from "node:url"
import { type Command, isName } from "./Command.ts"
import { type Entries, type Source, SourceError } from "./Source.ts"

/** Which file it is where several have the same base name: the first of these. */
const extensions = [".ts", ".mts", ".js", ".mjs"]

/** The commands in a directory, for as long as the scope is open; fails where the directory cannot be read. */
export const source = Effect.fnUntraced(function* (
  directory: string
): Effect.fn.Return<Source, SourceError, Scope.Scope> {
  const path = yield* Effect.tryPromise({
    try: async () => {
      const path = await realpath(directory)
      await readdir(path)
      return path
    },
    catch: (error) =>
      new SourceError({ message: `cannot read the directory of commands ${directory}: ${messageOf(error)}` })
  })
  yield* Effect.acquireRelease(
    Effect.sync(() => registerHooks({ resolve })),
    (hooks) => Effect.sync(() => hooks.deregister())
  )
  return {
    description: `the modules of ${directory}`,
    entries: Effect.tryPromise(() => readdir(path, { withFileTypes: true })).pipe(
      Effect.map((files) => files.filter((file) => !file.isDirectory()).map(({ name }) => name)),
      Effect.tapError((error) =>
        Effect.logError(`cannot read the directory of commands ${directory}`, error)
      ),
      Effect.orElseSucceed((): Array<string> => []),
      Effect.flatMap((files) => entriesOf(files, `${pathToFileURL(path).href}/`))
    )
  }
})

/** The commands in these files. */
const entriesOf = Effect.fnUntraced(function* (
  files: ReadonlyArray<string>,
  root: string
): Effect.fn.Return<Entries<never>> {
  const edition = ++editions
  const entries = new Map<string, Effect.Effect<Command, unknown>>()
  for (const extension of extensions) {
    for (const file of files.filter((file) => extname(file) === extension).toSorted()) {
      const name = file.slice(0, -extension.length)
      if (!isName(name)) continue
      const url = `${root}${encodeURIComponent(file)}?${parameter}=${edition}`
      if (entries.has(name))
        yield* Effect.logWarning(`${file} is not used: another file has the same base name`)
      else entries.set(name, Effect.tryPromise({ try: () => load(url), catch: (error) => error }))
    }
  }
  return entries
})

/** What a module exports; whether that is a command is for the catalogue to see. */
const load = async (url: string): Promise<Command> =>
  ((await import(url)) as { readonly default: Command }).default

/**
 * How often directories have been read. It stands in the addresses of the modules, for Node loads an address once: with
 * another number, the same file is loaded again.
 */
let editions = 0
const parameter = "wireline"

/** Resolves what the modules of such directories import. */
const resolve: ResolveHookSync = (specifier, context, next) => {
  const edition = context.parentURL === undefined ? null : editionOf(context.parentURL)
  if (edition === null) return next(specifier, context)
  const [name, ...entry] = specifier.split("/")
  if (name === "wireline") return { url: ownModule(entry.join("/")), shortCircuit: true }
  if (name === "effect") return next(specifier, { ...context, parentURL: import.meta.url })
  const resolved = next(specifier, context)
  return /^\.\.?\//.test(specifier) && editionOf(resolved.url) === null
    ? { ...resolved, url: `${resolved.url}?${parameter}=${edition}` }
    : resolved
}

const editionOf = (url: string): string | null => URL.parse(url)?.searchParams.get(parameter) ?? null

/**
 * The module behind an entry of the package: `wireline`, `wireline/Syntax` and the other pure modules of the core, or
 * `wireline/PROTOCOL`. A checkout has it as a source, the package compiled.
 */
const ownModule = (entry: string): string => {
  const module = entry === "" ? "index" : /^[A-Z]/.test(entry) ? entry : `protocols/${entry}/Protocol`
  return new URL(`../../../${module}${extname(import.meta.url)}`, import.meta.url).href
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
