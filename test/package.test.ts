/** What the package is made of: who imports whom, what runs without Node, what it exports. */
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, posix } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const repository = join(import.meta.dirname, "..")

const read = (path: string): string => readFileSync(join(repository, path), "utf8")

const modules = globSync("src/**/*.ts", { cwd: repository }).toSorted()

interface Import {
  /** A path of the repository, or the name of a package. */
  readonly target: string
  /** Nothing of it is left when the types are gone. */
  readonly typeOnly: boolean
}

const importPattern =
  /^[ ]*(?:import|export)\s+(?<type>type\s)?(?<names>[^"';]*?\sfrom\s+)?"(?<from>[^"]+)"|\bimport\(\s*"(?<loaded>[^"]+)"\s*\)/gm

/** What a module imports, also what it loads later. */
const importsOf = (path: string): ReadonlyArray<Import> =>
  [
    ...read(path)
      .replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "")
      .matchAll(importPattern)
  ].map(({ groups }) => {
    const name = groups!["from"] ?? groups!["loaded"]!
    return {
      target: name.startsWith(".") ? posix.join(posix.dirname(path), name) : name,
      typeOnly: groups!["type"] !== undefined
    }
  })

/** All that a module pulls in when it is loaded: its own imports and those of what it imports. */
const reach = (path: string): ReadonlySet<string> => {
  const found = new Set<string>()
  const visit = (path: string): void => {
    for (const { target, typeOnly } of importsOf(path)) {
      if (typeOnly || found.has(target)) continue
      found.add(target)
      if (target.startsWith("src/")) visit(target)
    }
  }
  visit(path)
  return found
}

const isEffect = (name: string): boolean => name === "effect" || name.startsWith("effect/")

/** The room that a module belongs to: `core`, `accounts`, `storage`, `protocols/NAME`, `protocols/NAME/cli`, `cli`, `main`. */
const roomOf = (path: string): string => {
  const [, first, second, third] = path.split("/")
  if (first === "protocols") return `protocols/${second}${third === "cli" ? "/cli" : ""}`
  if (first === "main.ts") return "main"
  return ["accounts", "storage", "cli"].includes(first!) ? first! : "core"
}

/** DESIGN.md, "Who may import whom". */
const mayImport = (from: string, to: string): boolean => {
  if (from === to || from === "main") return to !== "main"
  const foundation = ["core", "accounts", "storage"]
  if (from === "cli") return foundation.includes(to)
  // What the command has of a protocol knows both.
  if (from.endsWith("/cli")) return [...foundation, "cli", from.replace(/\/cli$/, "")].includes(to)
  if (from.startsWith("protocols/")) return foundation.includes(to)
  return (from === "accounts" || from === "storage") && foundation.includes(to)
}

const protocols = globSync("src/protocols/*/Protocol.ts", { cwd: repository }).toSorted()
const pureModules = ["Framing", "Syntax", "Message", "Protocol"]
const pure = pureModules.flatMap((name) =>
  // A room that outgrows its file becomes a folder.
  globSync([`src/${name}.ts`, `src/${name.toLowerCase()}/**/*.ts`], { cwd: repository })
)

describe("The sources", () => {
  it("are found, and so are their imports", () => {
    assert.includeMembers(modules, ["src/index.ts", "src/main.ts", "src/Framing.ts"])
    assert.include(protocols, "src/protocols/sec-lsm-manager/Protocol.ts")
    assert.isAtLeast(pure.length, 4)
    assert.deepInclude(importsOf("src/index.ts"), { target: "src/Framing.ts", typeOnly: false })
    assert.deepInclude(importsOf("src/protocols/sec-lsm-manager/Server.ts"), {
      target: "src/protocols/sec-lsm-manager/commands/hello.ts",
      typeOnly: false
    })
    const all = [...reach("src/main.ts")]
    assert.include(all, "node:fs")
    assert.isTrue(all.some((target) => target.startsWith("@effect/platform-node")))
    // What is loaded later, and the types, are imports too.
    assert.include(all, "src/protocols/sec-lsm-manager/commands/log.ts")
    assert.deepInclude(importsOf("src/protocols/sec-lsm-manager/Backend.ts"), {
      target: "src/protocols/sec-lsm-manager/SecurityError.ts",
      typeOnly: true
    })
  })

  it("import files that are there, with their extension", () => {
    for (const path of modules) {
      for (const { target } of importsOf(path)) {
        assert.isTrue(
          !target.startsWith("src/") || existsSync(join(repository, target)),
          `${path}: ${target}`
        )
      }
    }
  })

  it("import from no room that they may not", () => {
    const forbidden = modules.flatMap((path) =>
      importsOf(path)
        .filter(({ target }) => target.startsWith("src/") && !mayImport(roomOf(path), roomOf(target)))
        .map(({ target }) => `${path} imports ${target}`)
    )
    assert.deepStrictEqual(forbidden, [])
  })

  it.each([...pure, ...protocols])("of %s, with all they pull in, stand on `effect` alone", (path) => {
    const reached = [...reach(path)]
    assert.deepStrictEqual(
      reached.filter((target) => !target.startsWith("src/") && !isEffect(target)),
      []
    )
    for (const name of ["Server", "Endpoint", "Client", "Command"]) {
      assert.notInclude(reached, `src/${name}.ts`)
    }
  })

  it("that are pure build on `effect`", () => {
    for (const path of ["src/Framing.ts", "src/Syntax.ts", ...protocols]) {
      assert.isNotEmpty([...reach(path)].filter(isEffect), path)
    }
  })

  it("import the modules of Effect that they use, not whole rooms of it that the command would wait for", () => {
    const rooms = modules.flatMap((path) =>
      importsOf(path)
        .filter(({ target, typeOnly }) => !typeOnly && /^@?effect(?:\/(?!cli$)[a-z-]+)+$/.test(target))
        .map(({ target }) => `${path} imports ${target}`)
    )
    assert.deepStrictEqual(rooms, [])
  })

  it("import no HTTP of Node's, with which every start of the command would load its `fetch`", () => {
    assert.notIncludeMembers([...reach("src/main.ts")], ["node:http"])
    assert.notIncludeMembers([...reach("src/main.ts")], ["node:https"])
  })

  it("import only packages that the package depends on", () => {
    const declared = Object.keys(packageJson.dependencies)
    for (const path of modules) {
      for (const { target } of importsOf(path)) {
        if (target.startsWith("src/") || target.startsWith("node:")) continue
        const name = target
          .split("/")
          .slice(0, target.startsWith("@") ? 2 : 1)
          .join("/")
        assert.include(declared, name, path)
      }
    }
  })
})

const packageJson = JSON.parse(read("package.json")) as {
  readonly name: string
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>
  readonly bin: Record<string, string>
  readonly files: ReadonlyArray<string>
  readonly scripts: Record<string, string>
  readonly dependencies: Record<string, string>
}

describe("The package", () => {
  /** The source that the build makes a file of. */
  const sourceOf = (built: string): string =>
    built.replace(/^\.\/dist\//, "src/").replace(/(?:\.d\.ts|\.js)$/, ".ts")

  const entries = Object.entries(packageJson.exports).filter(
    (entry): entry is [string, { readonly types: string; readonly default: string }] =>
      typeof entry[1] === "object"
  )

  it("exports the core, each pure module of it, and each protocol", () => {
    assert.deepStrictEqual(
      Object.fromEntries(entries.map(([name, { default: file }]) => [name, sourceOf(file)])),
      Object.fromEntries([
        [".", "src/index.ts"],
        ...[...pureModules, "Testing"].map((name) => [`./${name}`, `src/${name}.ts`]),
        ...protocols.map((path) => [`./${path.split("/")[2]}`, path])
      ])
    )
  })

  it.each(entries)(
    "exports as %s a file that the build makes, and its types",
    (_, { default: file, types }) => {
      assert.match(file, /^\.\/dist\/.*\.js$/)
      assert.strictEqual(types, file.replace(/\.js$/, ".d.ts"))
      assert.include(modules, sourceOf(file))
    }
  )

  it("runs no script where it is installed, and is built when it is packed", () => {
    const whenInstalled = ["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare"]
    assert.doesNotHaveAnyKeys(packageJson.scripts, whenInstalled)
    assert.strictEqual(packageJson.scripts["prepack"], "npm run --silent build")
  })

  it("is built from `src` into `dist`, which it ships with the launcher", () => {
    const build = JSON.parse(read("scripts/tsconfig.build.json")) as {
      readonly compilerOptions: Record<string, unknown>
      readonly include: ReadonlyArray<string>
    }
    assert.include(packageJson.scripts["build"], "tsc -p scripts/tsconfig.build.json")
    assert.strictEqual(build.compilerOptions["rootDir"], "../src")
    assert.strictEqual(build.compilerOptions["outDir"], "../dist")
    // So that the check finds what the build would.
    const checked = JSON.parse(read("tsconfig.json")) as typeof build
    assert.isTrue(checked.compilerOptions["declaration"])
    assert.notProperty(build.compilerOptions, "declaration")
    assert.deepStrictEqual(build.include, ["../src"])
    const launcher = packageJson.bin["wireline"]!
    assert.includeMembers([...packageJson.files], ["dist", launcher])
    assert.match(read(launcher), /^#!\/usr\/bin\/env node\n/)
    for (const file of packageJson.files)
      assert.isTrue(file === "dist" || existsSync(join(repository, file)), file)
    assert.include(read(launcher), "../dist/bundle/main.js")
    assert.include(modules, "src/main.ts")
    assert.strictEqual(dirname(launcher), "scripts")
  })
})
