/**
 * How a command of the SMS shell is declared: in one value, which says everything there is to know about it.
 *
 * ```ts
 * export default Command.declare({
 *   name: "roll",
 *   description: "rolls a die",
 *   parameters: [Parameter.optional("SIDES", Schema.FiniteFromString.check(Schema.isInt()))],
 *   states: ["USER", "ADMIN"]
 * }).handle(({ parameters: { SIDES = 6 } }) => Effect.map(Random.nextIntBetween(1, SIDES), String))
 * ```
 *
 * Whoever texts it gets what the handler succeeds with, or, where it fails with a `CommandFailed`, `#Err: ` and its
 * text. Whatever else goes wrong in it is logged, and answered `#Err: internal command error`; so is a handler that
 * takes too long, which is interrupted. What a handler logs says which command it is and for whom.
 *
 * Pure.
 */
import { Duration, Effect, Result, Schema, type Scope } from "effect"
import type { NumberSession, StorageFull, TransitionDenied } from "../Sessions.ts"
import { State } from "../State.ts"
import type { StorageUnavailable } from "../StorageUnavailable.ts"
import * as CommandSession from "./CommandSession.ts"
import * as Parameter from "./Parameter.ts"

/**
 * Why a command did not do what it was asked for; the text goes out as an SMS, behind `#Err: `. Commands may extend it:
 *
 * ```ts
 * class NoCredit extends CommandFailed.extend<NoCredit>("NoCredit")({ missing: Schema.Finite }) {}
 * ```
 */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  text: Schema.String
}) {
  override get message(): string {
    return this.text
  }
}

/**
 * What a handler may fail with. The text of `CommandFailed` and `StorageFull` is answered, `TransitionDenied` as
 * `command denied`; that the database cannot be used is an internal error, for whoever texted can do nothing about it.
 */
export type Failure = CommandFailed | StorageFull | StorageUnavailable | TransitionDenied

/** What a handler is called with. */
export interface Call<
  Parameters extends ReadonlyArray<Parameter.Any>,
  Stored extends CommandSession.Stored,
  Configuration
> {
  readonly parameters: Parameter.Values<Parameters>
  readonly session: CommandSession.CommandSession<Stored>
  /** What the operator wrote into `[sms.commands.NAME]`; `undefined` where the command declares no configuration. */
  readonly configuration: Configuration
}

/** Carries a command out and says what is answered. */
export type Handler<
  Parameters extends ReadonlyArray<Parameter.Any>,
  Stored extends CommandSession.Stored,
  Configuration
> = (call: Call<Parameters, Stored, Configuration>) => Effect.Effect<string, Failure>

/** What there is to say about a command. */
export interface Declaration<
  Parameters extends ReadonlyArray<Parameter.Any>,
  Stored extends CommandSession.Stored,
  Configuration
> {
  /** The first word of the text: 1 to 32 letters, digits, dashes and underscores. */
  readonly name: string
  /** One line, for `desc`. */
  readonly description: string
  /** How it is called, for `help`; made from the parameters unless given. */
  readonly usage?: string | undefined
  /** None unless given. */
  readonly parameters?: Parameters
  /** The states of a session that it may be called from. */
  readonly states: ReadonlyArray<State>
  /**
   * Decodes what the operator wrote into `[sms.commands.NAME]`, an empty table where there is none. Where that is not
   * what it must be, a call is answered `#Err: command not configured`, and the log says why.
   */
  readonly configuration?: Schema.Codec<Configuration, unknown>
  /** What the command keeps in a session, and the Schema of each. */
  readonly storage?: Stored
  /** How long the handler may take; what the shell says, 30 seconds by default, unless given. */
  readonly timeout?: Duration.Input | undefined
}

/** A command that lacks its handler. */
export interface Declared<
  Parameters extends ReadonlyArray<Parameter.Any>,
  Stored extends CommandSession.Stored,
  Configuration
> {
  /**
   * The command with this handler, or with the effect that builds it when the command is called for the first time,
   * from services, acquiring what it needs until the next flush.
   */
  readonly handle: <R = never>(
    handler:
      | Handler<Parameters, Stored, Configuration>
      | Effect.Effect<Handler<Parameters, Stored, Configuration>, unknown, R>
  ) => Command<Exclude<R, Scope.Scope>>
}

/** A command, which needs `R` to be built. */
export interface Command<out R = never> {
  readonly "~wireline/sms/Command": true
  readonly name: string
  readonly description: string
  readonly usage: string
  readonly states: ReadonlyArray<State>
  readonly timeout: Duration.Duration | undefined
  /** The values of the parameters, or why there are none, as it is answered. */
  readonly parse: (words: ReadonlyArray<string>) => Result.Result<unknown, string>
  /** The configuration, or what is wrong with it, for the log. */
  readonly configure: (configured: unknown) => Result.Result<unknown, string>
  readonly build: Effect.Effect<Run, unknown, R | Scope.Scope>
}

/** Carries out a call whose parameters and configuration have been read. */
export type Run = (call: {
  readonly parameters: unknown
  readonly session: NumberSession
  readonly configuration: unknown
}) => Effect.Effect<string, Failure>

/**
 * Declares a command.
 *
 * **Gotchas**
 *
 * A bad name, a description of several lines, no states, or parameters out of order are defects.
 */
export const declare = <
  const Parameters extends ReadonlyArray<Parameter.Any> = readonly [],
  const Stored extends CommandSession.Stored = {},
  Configuration = undefined
>(
  declaration: Declaration<Parameters, Stored, Configuration>
): Declared<Parameters, Stored, Configuration> => {
  const { configuration, description, name, states } = declaration
  const parameters = declaration.parameters ?? []
  const problem = problemWith(declaration, parameters)
  if (problem !== undefined) throw new Error(`the command ${name}: ${problem}`)
  const stored = CommandSession.codecs(declaration.storage ?? {})
  return {
    handle: (handler) => ({
      "~wireline/sms/Command": true,
      name,
      description,
      usage: declaration.usage ?? Parameter.usage(name, parameters),
      states,
      timeout: declaration.timeout === undefined ? undefined : Duration.fromInputUnsafe(declaration.timeout),
      parse: (words) => Parameter.readAll(parameters, words),
      configure:
        configuration === undefined
          ? () => Result.succeed(undefined)
          : (configured) =>
              Result.mapError(
                Schema.decodeUnknownResult(configuration)(configured),
                ({ message }) => message
              ),
      build: Effect.map(
        (Effect.isEffect(handler) ? handler : Effect.succeed(handler)) as Effect.Effect<
          (call: unknown) => Effect.Effect<string, Failure>,
          unknown,
          Exclude<Effect.Services<typeof handler>, Scope.Scope> | Scope.Scope
        >,
        (handle): Run =>
          ({ configuration, parameters, session }) =>
            handle({ parameters, configuration, session: CommandSession.make(name, stored, session) })
      )
    })
  }
}

/** Whether this is a command, in whichever copy of this module it was made. */
export const isCommand = (value: unknown): value is Command<unknown> =>
  typeof value === "object" && value !== null && "~wireline/sms/Command" in value

/** Whether a command can have this name. */
export const isName = (name: string): boolean => /^[-\w]{1,32}$/.test(name)

const isLine = Schema.is(Schema.String.check(Schema.isPattern(/^[^\n]*\S[^\n]*$/)))
const areStates = Schema.is(Schema.NonEmptyArray(State))

const problemWith = (
  { description, name, states }: Pick<Command, "name" | "description" | "states">,
  parameters: ReadonlyArray<Parameter.Any>
): string | undefined => {
  if (!isName(name)) return "a name is 1 to 32 letters, digits, dashes and underscores"
  // Declarations in JavaScript are not typed.
  if (!isLine(description)) return "a description is one line"
  if (!areStates(states)) return "the states are those that it may be called from, one at least"
  return Parameter.problemWith(parameters)
}
