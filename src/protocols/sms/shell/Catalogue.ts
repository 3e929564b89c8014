/**
 * The commands that there are: found by name, loaded at their first use, kept until a flush.
 *
 * A command that cannot be loaded, in whichever way, is broken until the next flush. Why is logged when it is found
 * out; to whoever texts it, it is an internal error, and `help` does not name it.
 */
import { Context, type Duration, Effect, Exit, Ref, Result, Schema, Scope } from "effect"
import * as LoadCache from "../../../LoadCache.ts"
import type { State } from "../State.ts"
import { type Command, CommandFailed, isCommand, type Run } from "./Command.ts"
import { reasonOf } from "./Reason.ts"
import type { Entries, Source } from "./Source.ts"

/** A command that can be called. */
export interface Loaded {
  readonly command: Command
  readonly run: Run
  /** What it is configured with; a failure where it is not, or badly. */
  readonly configuration: Result.Result<unknown, string>
}

/** There is no command of this name. */
export class UnknownCommand extends Schema.TaggedError<UnknownCommand>()("UnknownCommand", {
  name: Schema.String
}) {}

/** There is one, and it cannot be loaded. */
export class BrokenCommand extends Schema.TaggedError<BrokenCommand>()("BrokenCommand", {
  name: Schema.String
}) {}

export class Catalogue extends Context.Service<
  Catalogue,
  {
    /** Does something with the command of this name, which is not let go before that is done. */
    readonly use: <A, E, R>(
      name: string,
      run: (loaded: Loaded) => Effect.Effect<A, E, R>
    ) => Effect.Effect<A, E | UnknownCommand | BrokenCommand, R>
    /** The command of this name, if it may be called from this state; else why not, as it is answered. */
    readonly find: (name: string, state: State) => Effect.Effect<Command, CommandFailed>
    /** The commands that may be called from a state, by name. */
    readonly callable: (state: State) => Effect.Effect<ReadonlyArray<Command>>
    /** Lets all commands go, and forgets which there are; see `LoadCache`. */
    readonly flush: Effect.Effect<void>
  }
>()("wireline/sms/Catalogue") {}

/** What a catalogue is made from. */
export interface Options<R> {
  /** Where commands come from, the source that wins first. */
  readonly sources: ReadonlyArray<Source<R>>
  /** What commands are configured with, by name. */
  readonly configured: Readonly<Record<string, unknown>>
  /** How long a command may take to be loaded before it is taken for broken. */
  readonly loadTimeout: Duration.Input
}

/** Makes a catalogue, which the commands in it may ask for too. */
export const make = Effect.fnUntraced(function* <R>({
  configured,
  loadTimeout,
  sources
}: Options<R>): Effect.fn.Return<Catalogue["Service"], never, Exclude<R, Catalogue> | Scope.Scope> {
  const context = yield* Effect.context<Exclude<R, Catalogue>>()
  const listing = yield* LoadCache.make<"entries", Entries<R>>(() =>
    Effect.tap(merged(sources), (entries) => warnOfUnused(configured, entries))
  )
  const cache = yield* LoadCache.make(
    Effect.fn("Catalogue.load")(function* (name: string) {
      const entry = (yield* listing.load("entries")).get(name)
      if (entry === undefined) return yield* new UnknownCommand({ name })
      const scope = yield* Effect.flatMap(Scope.Scope, Scope.fork)
      return yield* loaded(name, entry, configured).pipe(
        Effect.timeout(loadTimeout),
        Effect.annotateLogs("command", name),
        Effect.provideService(Catalogue, catalogue),
        Effect.provideService(Scope.Scope, scope),
        Effect.provideContext(context as Context.Context<never>),
        Effect.catchCause((cause) =>
          Effect.logError(`the command ${name} cannot be loaded: ${reasonOf(cause)}`, cause).pipe(
            Effect.andThen(Scope.close(scope, Exit.failCause(cause))),
            Effect.as(new BrokenCommand({ name }))
          )
        )
      )
    })
  )

  const use: Catalogue["Service"]["use"] = (name, run) =>
    Effect.suspend(() => {
      const generation = Ref.getUnsafe(cache.current)
      const found = generation.values.get(name)
      if (found === undefined) {
        return Effect.flatMap(listing.load("entries"), (entries) =>
          entries.has(name)
            ? Effect.andThen(cache.load(name), use(name, run))
            : Effect.fail(new UnknownCommand({ name }))
        )
      }
      if (found instanceof BrokenCommand) return Effect.fail(found)
      const running = run(found)
      return Exit.isExit(running) ? running : LoadCache.using(generation, running)
    })

  const find: Catalogue["Service"]["find"] = (name, state) =>
    use(name, ({ command }) =>
      command.states.includes(state)
        ? Effect.succeed(command)
        : Effect.fail(new CommandFailed({ text: reasons.denied }))
    ).pipe(
      Effect.catchTags({
        UnknownCommand: () => Effect.fail(new CommandFailed({ text: reasons.unknown })),
        BrokenCommand: () => Effect.fail(new CommandFailed({ text: reasons.internal }))
      })
    )

  const catalogue = Catalogue.of({
    use,
    find,
    callable: Effect.fn("Catalogue.callable")(function* (state) {
      const names = [...(yield* listing.load("entries")).keys()].toSorted()
      const found = yield* Effect.forEach(names, (name) => Effect.option(find(name, state)), {
        concurrency: 8
      })
      return found.flatMap((command) => (command._tag === "Some" ? [command.value] : []))
    }),
    flush: Effect.andThen(listing.flush, cache.flush)
  })
  return catalogue
})

/** Why a command is not run, as it is answered (notes on the specification, "Text"). */
export const reasons = {
  unknown: "command not found",
  denied: "command denied",
  internal: "internal command error",
  notConfigured: "command not configured"
} as const

/** The commands of all sources. */
const merged = Effect.fnUntraced(function* <R>(sources: ReadonlyArray<Source<R>>) {
  const all = new Map<
    string,
    { readonly load: Effect.Effect<Command<R>, unknown, R>; readonly from: string }
  >()
  for (const { description, entries } of sources) {
    for (const [name, load] of yield* entries) {
      const winner = all.get(name)
      if (winner === undefined) all.set(name, { load, from: description })
      else yield* Effect.logWarning(`the ${name} of ${description} is not used: ${winner.from} have one`)
    }
  }
  return new Map([...all].map(([name, { load }]) => [name, load])) as Entries<R>
})

/** A name that is misspelled in the configuration would go unnoticed otherwise. */
const warnOfUnused = (configured: Readonly<Record<string, unknown>>, entries: ReadonlyMap<string, unknown>) =>
  Effect.forEach(
    Object.keys(configured).filter((name) => !entries.has(name)),
    (name) => Effect.logWarning(`a command ${name} is configured, and there is none`),
    { discard: true }
  )

/** Loads and builds one command. */
const loaded = Effect.fnUntraced(function* <R>(
  name: string,
  load: Effect.Effect<Command<R>, unknown, R>,
  configured: Readonly<Record<string, unknown>>
) {
  const command = yield* load
  if (!isCommand(command)) return yield* Effect.die(new Error("it is not a command"))
  if (command.name !== name) return yield* Effect.die(new Error(`it calls itself ${command.name}`))
  const run = yield* command.build
  const configuration = command.configure(Object.hasOwn(configured, name) ? configured[name] : {})
  if (Result.isFailure(configuration)) {
    yield* Effect.logWarning(`the command ${name} is not configured: ${configuration.failure}`)
  }
  return { command: command as Command, run, configuration } satisfies Loaded
})
