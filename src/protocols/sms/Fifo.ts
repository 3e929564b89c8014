/**
 * Messages from a FIFO, for gateways that can do no more than write into a file: the same objects as on the socket, and
 * no replies. The answers go out as texts.
 *
 * Writers come and go. What one has left incomplete is dropped when the last of them is gone; what is no message is
 * logged and skipped. Messages are taken side by side, 16 at a time, those of one number in their order. At the end
 * nothing more is read, and those that have begun may finish for 10 seconds; what is still in the FIFO then is lost
 * with it, for nothing on a FIFO is acknowledged.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, FiberSet, Layer, Schema, Semaphore, Stream } from "effect"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { closeSync, constants, openSync, type Stats, statSync, unlinkSync } from "node:fs"
import { Socket } from "node:net"
import { resolve } from "node:path"
import * as Protocol from "../../Protocol.ts"
import { Gateway } from "./Gateway.ts"
import { reasonOf, type Request, SmsShell } from "./Protocol.ts"

/** The FIFO cannot be made or read. */
export class FifoError extends Schema.TaggedError<FifoError>()("FifoError", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot take texts from ${this.path}: ${this.reason}`
  }
}

/** So many messages are on their way at a time. */
const mostAtOnce = 16

const drainTimeout = "10 seconds"

/**
 * Takes messages from the FIFO at `path` for as long as the Layer lives. One that is missing is made, with mode 0660,
 * and removed at the end; one that is there stays. Building the Layer waits for no writer.
 */
export const layer = (path: string): Layer.Layer<never, FifoError, Gateway | ChildProcessSpawner> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const fifo = resolve(path)
      yield* make(fifo)
      // For as long as somebody has it open, what is written between two readers is kept, and no writer has to wait.
      yield* Effect.acquireRelease(open(fifo), (descriptor) => Effect.sync(() => closeSync(descriptor)))
      const take = yield* taking
      yield* Effect.forkScoped(Effect.forever(Effect.catch(readOnce(fifo, take), complain)))
    }).pipe(Effect.annotateLogs("fifo", path))
  )

/** Somebody has taken the FIFO away: it is looked for again, for nothing else is to be done. */
const complain = (error: FifoError) =>
  Effect.andThen(Effect.logError(error.message), Effect.sleep("10 seconds"))

const make = Effect.fnUntraced(function* (path: string) {
  const found = yield* attempt(path, () => statSync(path, { throwIfNoEntry: false }))
  if (found !== undefined) {
    return found.isFIFO() ? undefined : yield* new FifoError({ path, reason: "it is no FIFO; move it away" })
  }
  const spawner = yield* ChildProcessSpawner
  const said = yield* spawner
    .string(ChildProcess.make("mkfifo", ["-m", "660", path]), { includeStderr: true })
    .pipe(Effect.catch(() => Effect.succeed("there is no mkfifo here to make it with")))
  const made = yield* attempt(path, () => statSync(path, { throwIfNoEntry: false }))
  if (made?.isFIFO() !== true) {
    return yield* new FifoError({ path, reason: said.trim().split("\n")[0] || "it could not be made" })
  }
  yield* Effect.addFinalizer(() => Effect.ignore(attempt(path, () => removeIfSame(path, made))))
})

/** Whoever has put another one in its place meanwhile keeps it. */
const removeIfSame = (path: string, made: Stats): void => {
  const now = statSync(path, { throwIfNoEntry: false })
  if (now?.ino === made.ino && now.dev === made.dev) unlinkSync(path)
}

const attempt = <A>(path: string, run: () => A): Effect.Effect<A, FifoError> =>
  Effect.try({
    try: run,
    catch: (cause) =>
      new FifoError({ path, reason: cause instanceof Error ? cause.message.split("\n")[0]! : String(cause) })
  })

/** Opened like this it waits neither for a writer nor, when it is read, in a thread. */
const open = (path: string): Effect.Effect<number, FifoError> =>
  attempt(path, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))

/** Reads until the last writer has gone. */
const readOnce = Effect.fnUntraced(function* (
  path: string,
  take: (message: Request | Protocol.InvalidRequest) => Effect.Effect<void>
) {
  const descriptor = yield* open(path)
  const bytes = NodeStream.fromReadable({
    evaluate: () => new Socket({ fd: descriptor, readable: true, writable: false }),
    onError: (cause) => new FifoError({ path, reason: String(cause) })
  })
  yield* bytes.pipe(Protocol.decodeRequests(SmsShell), Stream.runForEach(take))
})

/** Takes a message as soon as there is room for it; fails for none. */
const taking = Effect.gen(function* () {
  const gateway = yield* Gateway
  const room = yield* Semaphore.make(mostAtOnce)
  const fork = yield* FiberSet.makeRuntime<never, void, never>()
  yield* Effect.addFinalizer(() => Effect.asVoid(Effect.timeoutOption(room.take(mostAtOnce), drainTimeout)))

  return (message: Request | Protocol.InvalidRequest): Effect.Effect<void> => {
    if (message._tag !== "text") {
      return Effect.logWarning(`skipped what is no message: ${reasonOf(message)}`)
    }
    const receive = gateway.receive(message).pipe(
      Effect.catchCause((cause) => Effect.logError("a message could not be executed", cause)),
      Effect.ensuring(room.release(1))
    )
    return Effect.map(room.take(1), () => void fork(receive))
  }
})
