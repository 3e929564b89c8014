/**
 * Talks on a terminal: asks for lines, with completion and history, and shows the replies as people want to see them.
 *
 * Ctrl-D ends it, and so does Ctrl-C on an empty line or while an answer is waited for; else Ctrl-C takes the line away.
 */
import { Console, Deferred, Effect, Queue, type Scope } from "effect"
import { createInterface, type Interface } from "node:readline"
import { styleText } from "node:util"
import type * as Protocol from "../../Protocol.ts"
import type { Connection, ConnectionLost } from "./Connection.ts"
import type { Dialect } from "./Dialect.ts"
import * as History from "./History.ts"
import * as View from "./View.ts"

/** Talks until the user or the server ends it. */
export const run = Effect.fnUntraced(function* <P extends Protocol.Any>(
  dialect: Dialect<P>,
  { ask, lost }: Connection<P>,
  options: {
    /** Where the history is kept. */
    readonly directory: string
    /** Writes a reply, where it is not to be shown as people want to see it. */
    readonly write?: ((reply: Protocol.Reply<P>) => string) | undefined
  }
): Effect.fn.Return<void, ConnectionLost, Scope.Scope> {
  const history = yield* Effect.catch(History.open(options.directory, dialect.protocol.name), ({ message }) =>
    Effect.as(Console.error(`wireline: ${message}`), undefined)
  )
  const terminal = yield* open(dialect, history)

  const show = (replies: ReadonlyArray<Protocol.Reply<P>>): string =>
    options.write === undefined
      ? View.render(dialect.show(replies), process.stdout.columns || 80)
      : replies.map(options.write).join("\n")

  /** Whether it goes on. */
  const answer = Effect.fnUntraced(function* (line: string) {
    const reading = dialect.read(line)
    if (reading._tag === "Unreadable") {
      yield* Console.log(styleText("red", `not sent: ${reading.problem}`))
      return true
    }
    if (dialect.holdsSecret(reading.request)) terminal.forget(line)
    else history?.keep(line)
    const replies = yield* ask(reading.request)
    if (replies === undefined) return false
    yield* Console.log(show(replies))
    return true
  })

  const converse: Effect.Effect<void, ConnectionLost> = Effect.gen(function* () {
    for (;;) {
      const line = yield* Effect.raceFirst(
        terminal.next,
        Effect.onError(lost, () => terminal.newLine)
      )
      if (line === undefined) return
      if (line.trim() !== "" && !(yield* answer(line))) return
    }
  })
  yield* Effect.raceFirst(converse, terminal.left)
})

interface Terminal {
  /** Asks for the next line; nothing when there is no more. */
  readonly next: Effect.Effect<string | undefined>
  /** Takes a line out of those that can be called back. */
  readonly forget: (line: string) => void
  /** Leaves the line of the prompt. */
  readonly newLine: Effect.Effect<void>
  /** Waits until the user wants to leave at once. */
  readonly left: Effect.Effect<void>
}

const open = <P extends Protocol.Any>(
  { complete, prompt }: Dialect<P>,
  history: History.History | undefined
): Effect.Effect<Terminal, never, Scope.Scope> =>
  Effect.gen(function* () {
    const lines = yield* Queue.unbounded<string | undefined>()
    const left = yield* Deferred.make<void>()
    let kept: Array<string> = []
    const readline = yield* Effect.acquireRelease(
      Effect.sync(() =>
        createInterface({
          input: process.stdin,
          output: process.stdout,
          terminal: true,
          prompt: styleText("bold", prompt),
          completer: (line: string) => {
            const { candidates, end } = complete(line)
            return [candidates, end]
          },
          history: [...(history?.lines ?? [])],
          historySize: History.length,
          removeHistoryDuplicates: true
        })
      ),
      (readline) => Effect.sync(() => readline.close())
    )
    readline.on("history", (lines: Array<string>) => (kept = lines))
    readline.on("line", (line) => void Queue.offerUnsafe(lines, line))
    readline.on("close", () => void Queue.offerUnsafe(lines, undefined))

    let asking = false
    readline.on("SIGINT", () => {
      process.stdout.write("^C\n")
      if (!asking || readline.line === "") return void Deferred.doneUnsafe(left, Effect.void)
      clear(readline)
      readline.prompt()
    })

    const next = Effect.suspend(() => {
      asking = true
      // Lines that were pasted together are there already.
      if (Queue.sizeUnsafe(lines) === 0) readline.prompt()
      return Effect.ensuring(
        Queue.take(lines),
        Effect.sync(() => (asking = false))
      )
    })
    return {
      next: Effect.tap(next, (line) => (line === undefined ? Console.log("") : Effect.void)),
      forget: (line) => void kept.splice(0, kept.length, ...kept.filter((other) => other !== line)),
      newLine: Console.log(""),
      left: Deferred.await(left)
    }
  })

/** Takes away what was typed. */
const clear = (readline: Interface): void => {
  readline.write(null, { ctrl: true, name: "e" })
  readline.write(null, { ctrl: true, name: "u" })
}
