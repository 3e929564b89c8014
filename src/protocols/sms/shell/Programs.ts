/**
 * Commands that are programs of the host, as the configuration names them. They are run without a shell, with the
 * arguments and the environment that are declared and nothing else: no standard input, no inherited variable, and `/`
 * as the working directory.
 *
 * **Arguments.** In a declared argument, `{1}` stands for the value of the first parameter, `{2}` for that of the
 * second, and so on; an argument with the value of a parameter that was left out is left out. `{*}`, alone, stands for
 * the values of the repeated parameter, an argument each. A value is put in as it is: what looks like `{2}` in it stays.
 *
 * **Values.** A value must match the whole of its parameter's pattern, anchored or not, and has 1000 characters at most.
 * One that begins with a dash, so that the program could take it for an option, is refused unless the pattern itself
 * begins with `^-`, as `^-?\d+$` does.
 *
 * **The answer** is what the program writes to standard output, trimmed, without control characters, and cut after
 * `max_output` bytes, or `OK` where that is nothing; after an exit status other than 0 an error, the last line of standard
 * error, or `exit status N`.
 *
 * **The end.** A program that takes too long, or writes more than 16 MiB, is ended with all of its process group, first by
 * SIGTERM, after a second by SIGKILL; so is what a program leaves running in its process group when it exits, and
 * whatever runs when the server ends. What leaves the process group (`setsid`) is let go; a
 * one-shot run then ends when it has closed its outputs.
 *
 * 16 programs run at a time. Whoever comes when so many do waits for his turn, no longer than his program may take.
 */
import { Duration, Effect, Fiber, Schema, Semaphore, Stream } from "effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import { stripVTControlCharacters } from "node:util"
import type { Program as Declared, ProgramParameter } from "../Configuration.ts"
import * as Command from "./Command.ts"
import * as Parameter from "./Parameter.ts"
import { type Entries, type Source, SourceError } from "./Source.ts"

/** How a program is declared: `[[sms.programs]]`. */
export type Program = Declared

/** What programs are run with. */
export type Services = ChildProcessSpawner.ChildProcessSpawner

/** How long a program has to end when it is told to. */
const grace = Duration.seconds(1)

/** The most bytes that a program may write to each of its outputs. */
const maxWritten = 16_777_216

/** The most characters of a value. What a pattern takes to match may grow much faster than the value. */
const maxValue = 1000

/** How many programs run at a time. */
const atOnce = 16

/** The most bytes of standard error that the last line is looked for in, and the most characters of that. */
const maxError = 4096
const maxReason = 160

/** The programs of a configuration; fails where one is declared in a way that makes no sense. */
export const source = Effect.fnUntraced(function* (
  programs: ReadonlyArray<Program>
): Effect.fn.Return<Source<Services>, SourceError> {
  const entries = new Map<string, Effect.Effect<Command.Command<Services>>>()
  const turns = yield* Semaphore.make(atOnce)
  for (const program of programs) {
    const { name } = program
    if (entries.has(name)) return yield* new SourceError({ message: `two programs are called ${name}` })
    const command = yield* Effect.try({
      try: () => toCommand(program, turns),
      catch: (error) => new SourceError({ message: error instanceof Error ? error.message : String(error) })
    })
    entries.set(name, Effect.succeed(command))
  }
  return {
    description: "the programs of the configuration",
    entries: Effect.succeed(entries as Entries<Services>)
  }
})

const toCommand = (program: Program, turns: Semaphore.Semaphore): Command.Command<Services> => {
  const { description, name, parameters, states, timeout, usage } = program
  const toArguments = argumentsOf(program)
  return Command.declare<ReadonlyArray<Parameter.Any>>({
    name,
    description,
    usage,
    states,
    parameters: parameters.map(toParameter),
    // Waiting for its turn takes its time, and so does ending it.
    timeout: Duration.sum(Duration.times(timeout, 2), Duration.times(grace, 5))
  }).handle(
    ChildProcessSpawner.ChildProcessSpawner.useSync(
      (spawner) =>
        ({ parameters }) =>
          inTurn(turns, timeout, run(spawner, program, toArguments(parameters)))
    )
  )
}

/** Runs when there is room for it, or fails where there is none in time. */
const inTurn = <A>(
  turns: Semaphore.Semaphore,
  patience: Duration.Duration,
  running: Effect.Effect<A, Command.CommandFailed>
): Effect.Effect<A, Command.CommandFailed> =>
  Effect.suspend(() => {
    let begun = false
    const begin = Effect.suspend(() => {
      begun = true
      return running
    })
    return Effect.raceFirst(
      turns.withPermit(begin),
      Effect.flatMap(Effect.sleep(patience), () => (begun ? Effect.never : busy))
    )
  })

const busy = Effect.fail(new Command.CommandFailed({ text: "busy, try again later" }))

const toParameter = ({ name, optional, pattern, repeated }: typeof ProgramParameter.Type): Parameter.Any => {
  const schema = Schema.String.check(Schema.makeFilter(problems(pattern)))
  if (repeated) return Parameter.repeated(name, schema, { atLeast: optional ? 0 : 1 })
  return optional ? Parameter.optional(name, schema) : Parameter.required(name, schema)
}

/** What is wrong with a value; `true` where it can be handed to a program. */
const problems = (pattern: RegExp | undefined): ((value: string) => string | true) => {
  const whole = pattern === undefined ? undefined : new RegExp(`^(?:${pattern.source})$`, pattern.flags)
  const mayBeOption = pattern?.source.startsWith("^-") === true
  return (value) => {
    if (value.length > maxValue) return `expected ${maxValue} characters at most`
    if (value.includes("\0")) return "expected no NUL"
    if (value.startsWith("-") && !mayBeOption) return "expected no dash at the beginning"
    return whole === undefined || whole.test(value) || `expected ${pattern!.source}`
  }
}

/** How the arguments are made from the values of the parameters. */
const argumentsOf = ({
  arguments: patterns,
  name: command,
  parameters
}: Program): ((values: Readonly<Record<string, unknown>>) => ReadonlyArray<string>) => {
  const refuse = (problem: string): never => {
    throw new Error(`the program ${command}: ${problem}`)
  }
  const repeated = parameters.find(({ repeated }) => repeated)?.name
  for (const pattern of patterns) {
    for (const [placeholder, index] of pattern.matchAll(placeholders)) {
      const parameter = parameters[Number(index) - 1]
      if (index === "*") {
        if (repeated === undefined) refuse("{*} needs a parameter that is repeated")
        if (pattern !== placeholder) refuse("{*} must be an argument of its own")
      } else if (parameter === undefined) refuse(`there is no parameter ${placeholder}`)
      else if (parameter.repeated) refuse(`${parameter.name} is repeated: it is {*}, not ${placeholder}`)
    }
  }
  return (values) =>
    patterns.flatMap((pattern): ReadonlyArray<string> => {
      if (pattern === "{*}") return values[repeated!] as ReadonlyArray<string>
      const valueOf = (index: string) => values[parameters[Number(index) - 1]!.name] as string | undefined
      return [...pattern.matchAll(placeholders)].some(([, index]) => valueOf(index!) === undefined)
        ? []
        : [pattern.replace(placeholders, (_, index: string) => valueOf(index)!)]
    })
}

const placeholders = /\{(\d+|\*)\}/g

/** Runs a program and says what it answers. */
const run = Effect.fnUntraced(
  function* (
    spawner: ChildProcessSpawner.ChildProcessSpawner["Service"],
    { environment, max_output, program }: Program,
    args: ReadonlyArray<string>
  ) {
    const process = yield* spawner
      .spawn(
        ChildProcess.make(program, args, {
          cwd: "/",
          env: environment,
          extendEnv: false,
          shell: false,
          stdin: "ignore",
          forceKillAfter: grace
        })
      )
      .pipe(Effect.orDie)
    const output = new Beginning(max_output)
    const errors = new Ending(maxError)
    const reading = yield* Effect.forkScoped(
      Effect.all([read(process.stdout, output), read(process.stderr, errors)], {
        concurrency: 2,
        discard: true
      })
    )
    const status = yield* Effect.raceFirst(
      Effect.option(process.exitCode),
      Effect.andThen(Fiber.join(reading), Effect.never)
    )
    // What it has left running holds its outputs open.
    yield* Effect.ignore(process.kill({ forceKillAfter: grace }))
    yield* Effect.timeoutOption(Fiber.join(reading), grace)
    if (status._tag === "Some" && status.value === 0) return output.text() || "OK"
    const reason = status._tag === "Some" ? `exit status ${status.value}` : "ended by a signal"
    return yield* new Command.CommandFailed({ text: errors.lastLine() ?? reason })
  },
  Effect.scoped,
  (effect, _, { timeout }) =>
    Effect.timeoutOrElse(effect, {
      duration: timeout,
      orElse: () =>
        Effect.fail(new Command.CommandFailed({ text: `no answer in ${Duration.format(timeout)}` }))
    })
)

/** Takes in an output to its end. */
const read = (
  stream: ChildProcessSpawner.ChildProcessHandle["stdout"],
  into: { readonly add: (chunk: Uint8Array) => void }
): Effect.Effect<void, Command.CommandFailed> => {
  let left = maxWritten
  return Stream.runForEach(stream, (chunk) => {
    into.add(chunk)
    left -= chunk.length
    return left < 0 ? Effect.fail(new Command.CommandFailed({ text: "too much output" })) : Effect.void
  }).pipe(Effect.catchTag("PlatformError", (error) => Effect.die(error)))
}

/** The beginning of an output. */
class Beginning {
  private readonly bytes: Uint8Array
  private length = 0
  private cut = false

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
  }

  add(chunk: Uint8Array): void {
    const kept = chunk.subarray(0, this.bytes.length - this.length)
    this.bytes.set(kept, this.length)
    this.length += kept.length
    this.cut ||= kept.length < chunk.length
  }

  /** Without a character that was cut in two, and with an ellipsis where something was cut off. */
  text(): string {
    const text = printable(this.bytes.subarray(0, this.length), this.cut)
    return this.cut ? `${text}…` : text
  }
}

/** The end of an output. */
class Ending {
  private bytes: Uint8Array = new Uint8Array()
  private readonly size: number

  constructor(size: number) {
    this.size = size
  }

  add(chunk: Uint8Array): void {
    this.bytes = Buffer.concat([this.bytes, chunk]).subarray(-this.size)
  }

  /** The last line that says something. */
  lastLine(): string | undefined {
    const line = printable(this.bytes).split("\n").at(-1)!.trim()
    return line === "" ? undefined : Array.from(line).slice(0, maxReason).join("")
  }
}

/** Text without control characters and a terminal's colours; of a character that is cut off, nothing is left. */
const printable = (bytes: Uint8Array, cut = false): string =>
  stripVTControlCharacters(new TextDecoder().decode(bytes, { stream: cut }))
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .trim()
