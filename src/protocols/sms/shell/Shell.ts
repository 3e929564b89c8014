/**
 * The shell: takes a text, finds the command that its first word names, and runs it. The life of a text, in order:
 *
 * 1. it is split into words: `bad syntax: ...`;
 * 2. the command is found, and loaded where it was not: `command not found`;
 * 3. it may be called from the state of the session: `command denied`;
 * 4. the parameters are as many as they must be, and of their types: `bad number of arguments`, `bad syntax: ...`;
 * 5. it is configured, where it needs to be: `command not configured`;
 * 6. it is run.
 *
 * The first step that fails names the error (notes on the specification, "Text"). Nothing that a command does ends the
 * shell: what it fails with is answered, whatever else becomes of it is logged, with the name of the command and the
 * number but never with what was texted, for that may be a password.
 */
import { Cause, Context, Duration, Effect, Exit, Layer, Option, Result, type Scope } from "effect"
import { type NumberSession, Sessions } from "../Sessions.ts"
import type { State } from "../State.ts"
import {
  type BrokenCommand,
  type Catalogue,
  type Loaded,
  make as makeCatalogue,
  reasons,
  type UnknownCommand
} from "./Catalogue.ts"
import { CommandFailed, type Failure } from "./Command.ts"
import * as Handling from "./Handling.ts"
import * as Modules from "./Modules.ts"
import * as Programs from "./Programs.ts"
import { reasonOf } from "./Reason.ts"
import * as Shipped from "./Shipped.ts"
import type { Source, SourceError } from "./Source.ts"
import * as Statistics from "./Statistics.ts"
import * as Words from "./Words.ts"

/** A text, and whose. */
export interface Text {
  /** The number that it came from, which its session belongs to. */
  readonly number: string
  readonly text: string
  /** Runs it in this state instead, in a session that is kept nowhere: for a gateway that holds a role's token. */
  readonly role?: State | undefined
}

/** What came of a text. */
export interface Outcome {
  /** The answer; `#Err: ` and a reason where it is an error. */
  readonly output: string
  readonly isError: boolean
  /** The name of the command, where there is one of this name. */
  readonly command: string | undefined
}

/** How a shell runs commands. */
export interface Limits {
  /** What commands are configured with, by name: `[sms.commands]`. */
  readonly commands?: Readonly<Record<string, unknown>> | undefined
  /** How long a handler may take; 30 seconds unless given, or the command says otherwise. */
  readonly timeout?: Duration.Input | undefined
  /** How long a command may take to be loaded; 10 seconds unless given. */
  readonly loadTimeout?: Duration.Input | undefined
}

/** How a shell runs commands, and which, besides those that ship. */
export interface Options extends Limits {
  /** The programs of the host that are commands. */
  readonly programs?: ReadonlyArray<Programs.Program> | undefined
  /** The directory of the modules that are commands; none unless given. */
  readonly modules?: string | undefined
}

export class Shell extends Context.Service<
  Shell,
  {
    /** Runs a text. Texts of one number run one after another. */
    readonly execute: (text: Text) => Effect.Effect<Outcome>
  }
>()("wireline/sms/Shell") {
  /** A shell with the commands of these sources, of which the earlier wins. */
  static readonly layerOf = <R>(
    sources: ReadonlyArray<Source<R>>,
    limits: Limits = {}
  ): Layer.Layer<
    Shell,
    never,
    Sessions | Exclude<Exclude<Exclude<R, Catalogue>, Scope.Scope>, Statistics.Statistics>
  > =>
    Layer.effect(Shell, make(sources, limits)).pipe(
      Layer.provide(Layer.effect(Statistics.Statistics, Statistics.make))
    )

  /** A shell of all three sources. Fails where a directory of modules cannot be read, or a program is badly declared. */
  static readonly layer = ({ modules, programs = [], ...limits }: Options = {}): Layer.Layer<
    Shell,
    SourceError,
    Sessions | Programs.Services | Exclude<Shipped.Services, Catalogue | Statistics.Statistics>
  > =>
    Layer.unwrap(
      Effect.gen(function* () {
        const sources: ReadonlyArray<Source<Shipped.Services | Programs.Services>> = [
          Shipped.source,
          ...(modules === undefined ? [] : [yield* Modules.source(modules)]),
          yield* Programs.source(programs)
        ]
        return Shell.layerOf(sources, limits)
      })
    )
}

const make = Effect.fnUntraced(function* <R>(
  sources: ReadonlyArray<Source<R>>,
  { commands = {}, loadTimeout = "10 seconds", timeout = "30 seconds" }: Limits
) {
  const longest = Duration.fromInputUnsafe(timeout)
  const sessions = yield* Sessions
  const statistics = yield* Statistics.Statistics
  const catalogue = yield* makeCatalogue<R>({ sources, configured: commands, loadTimeout })
  const handling = yield* Handling.make

  /** Runs a command that was found. What it throws is a defect. */
  const invoke = (
    { command, configuration, run }: Loaded,
    session: NumberSession,
    words: ReadonlyArray<string>
  ): Effect.Effect<string, Failure> => {
    if (!command.states.includes(session.state)) return refuse(reasons.denied)
    const parameters = command.parse(words)
    if (Result.isFailure(parameters)) return refuse(parameters.failure)
    if (Result.isFailure(configuration)) return refuse(reasons.notConfigured)
    const handler = run({ parameters: parameters.success, configuration: configuration.success, session })
    // Handlers in JavaScript are not typed.
    if (!Effect.isEffect(handler)) return Effect.die(new Error("it returned no Effect"))
    // Most have an answer at once.
    if (Exit.isExit(handler)) return Exit.isSuccess(handler) ? textOnly(handler.value) : handler
    return handling
      .limited(handler, command.timeout ?? longest)
      .pipe(Effect.flatMap(textOnly), Effect.annotateLogs("command", command.name))
  }

  const execute = ({ number, role, text }: Text): Effect.Effect<Outcome> => {
    let command: string | undefined
    const outcome = (output: string, isError: boolean): Effect.Effect<Outcome> =>
      Effect.as(statistics.count(command, isError), { output, isError, command })
    const run = (session: NumberSession) => {
      const words = Words.split(text)
      if (Result.isFailure(words)) return refuse(`bad syntax: ${words.failure}`)
      const [name, ...rest] = words.success
      if (name === undefined) return refuse(reasons.unknown)
      return catalogue.use(name, (loaded) => {
        command = name
        return invoke(loaded, session, rest)
      })
    }
    const running = role === undefined ? sessions.use(number, run) : run(sessions.detached(number, role))
    return running.pipe(
      Effect.matchCauseEffect({
        onSuccess: (output) => outcome(output, false),
        // An interruption from outside does not come here: there is nobody left who wants an answer.
        onFailure: (cause) => {
          const error = Option.getOrUndefined(Cause.findErrorOption(cause))
          if (error?._tag === "BrokenCommand") command = error.name
          return Effect.flatMap(explain(cause, error, command), (reason) => outcome(`#Err: ${reason}`, true))
        }
      }),
      Effect.annotateLogs("number", number)
    )
  }
  return Shell.of({ execute })
})

const refuse = (text: string): Effect.Effect<never, CommandFailed> => Effect.fail(new CommandFailed({ text }))

const textOnly = (output: unknown): Exit.Exit<string> =>
  typeof output === "string" ? Exit.succeed(output) : Exit.die(new Error("it answered no text"))

/** Why there is no answer, as it is answered; what is nobody's business but the operator's is logged. */
const explain = (
  cause: Cause.Cause<unknown>,
  error: Failure | UnknownCommand | BrokenCommand | undefined,
  command: string | undefined
): Effect.Effect<string> => {
  switch (error?._tag) {
    case "CommandFailed":
    case "StorageFull":
      return Effect.succeed(error.text)
    case "UnknownCommand":
      return Effect.succeed(reasons.unknown)
    case "BrokenCommand":
    case "StorageUnavailable":
      // Why has been logged where it happened.
      return Effect.succeed(reasons.internal)
    case "TransitionDenied":
      return Effect.as(Effect.logInfo(`the command ${command}: ${error.message}`), reasons.denied)
    case undefined:
    default:
      return Effect.as(
        Effect.logError(`the command ${command} failed: ${reasonOf(cause)}`, cause),
        reasons.internal
      )
  }
}
