/**
 * Replies that a handler produces bit by bit, as a Stream: each element is made only when there is room for it in the
 * server's memory budget and the peer has taken the one before.
 */
import { Cause, Effect, Exit, Option, Pull, Stream } from "effect"
import { isSocketError, type SocketError } from "effect/socket/Socket"
import { fromLatin1 } from "../framing/encoding.ts"
import type { Pieces } from "../framing/frame.ts"
import { isStream, type Production } from "../command/definition.ts"
import * as Protocol from "../Protocol.ts"
import type { Activity } from "./Activity.ts"
import type { MemoryBudget } from "./MemoryBudget.ts"
import type { ReplyQueue } from "./ReplyQueue.ts"
import type { Wait } from "./Wait.ts"

/** Where it goes. */
export interface Destination {
  readonly protocol: Protocol.Any
  readonly budget: MemoryBudget
  readonly owner: Activity
  readonly replies: ReplyQueue
  /** Whether the client expects nothing, so that no frame is sent in pieces. */
  readonly isSilent: boolean
  /** Ends when the peer has taken all that is finished. */
  readonly written: Wait
  /** Adds an answer to the replies. */
  readonly append: (answer: Protocol.Answer<Protocol.Tagged>) => void
  /** A frame that was sent in pieces is complete. */
  readonly completed: (frame: string) => void
  /** Whether complete frames are of interest. */
  readonly isObserved: () => boolean
  /** It has come to its end, or died, after this many seconds of work. */
  readonly finish: (exit: Exit.Exit<void>, seconds: number) => void
}

/** Produces a reply, whose turn to be written it is. Fails only with the connection. */
export const produce = <R>(
  production: Production<Protocol.Tagged, R>,
  to: Destination
): Effect.Effect<void, SocketError, R> =>
  Effect.suspend(() => {
    const frames = new PiecewiseFrames(to)
    let milliseconds = 0
    const element = (pull: Pull.Pull<ReadonlyArray<Protocol.Answer<Protocol.Tagged> | Protocol.Fragment>>) =>
      Effect.gen(function* () {
        yield* to.budget.enter(to.owner)
        const since = performance.now()
        const elements = yield* pull
        milliseconds += performance.now() - since
        const before = to.replies.text.length
        const closing = elements.findIndex((one) => one instanceof Protocol.Closing)
        for (const one of closing < 0 ? elements : elements.slice(0, closing + 1)) frames.add(one)
        to.budget.made(to.owner, to.replies.text.length - before)
        yield* to.written
        if (closing >= 0) yield* Cause.done()
      })
    return Effect.flatMap(Stream.toPull(production), (pull) => Effect.forever(element(pull))).pipe(
      Effect.scoped,
      Effect.ensuring(Effect.sync(() => to.budget.leave(to.owner))),
      Effect.matchCauseEffect({
        onSuccess: Effect.succeed,
        onFailure: (cause) => {
          // A Stream has no typed errors, so this one is of the connection.
          const error = Cause.findErrorOption(cause).pipe(Option.filter(isSocketError))
          if (Option.isSome(error)) return Effect.fail(error.value)
          const end = Pull.isDoneCause(cause) ? frames.end : Exit.die(Cause.squash(cause))
          return Effect.sync(() => to.finish(end, milliseconds / 1000))
        }
      })
    )
  })

/** The frames of a production, whole or in pieces. */
class PiecewiseFrames {
  private pieces: Pieces<Protocol.Frame> | undefined
  /** The frame so far, where it is of interest. */
  private frame = ""
  private readonly to: Destination

  constructor(to: Destination) {
    this.to = to
  }

  add(element: Protocol.Answer<Protocol.Tagged> | Protocol.Fragment): void {
    if (!(element instanceof Protocol.Fragment)) {
      if (this.pieces !== undefined)
        throw new Error("a handler answered inside a frame that it sends in pieces")
      return this.to.append(element)
    }
    const { completed, isObserved, isSilent, protocol, replies } = this.to
    if (isSilent) return
    if (this.pieces === undefined) {
      this.pieces = protocol.replyFraming.pieces()
      replies.beginFrame()
    }
    replies.append(this.pieces.push(element.text))
    if (isObserved()) this.frame += asText(element.text)
    if (!element.last) return
    replies.append(this.pieces.end())
    replies.endFrame()
    this.pieces = undefined
    completed(this.frame)
    this.frame = ""
  }

  /** How the production ends when it gives nothing more. */
  get end(): Exit.Exit<void> {
    return this.pieces === undefined
      ? Exit.void
      : Exit.die(new Error("a handler's Stream ended inside a frame that it sends in pieces"))
  }
}

/** What a handler's Effect wants to have produced; nothing where it has answered, or died. */
export const productionIn = <R>(
  exit: Exit.Exit<Protocol.Answer<Protocol.Tagged> | Production<Protocol.Tagged, R>>
): Production<Protocol.Tagged, R> | undefined =>
  Exit.isSuccess(exit) && isStream(exit.value) ? exit.value : undefined
const asText = (frame: Protocol.Frame): string => (typeof frame === "string" ? frame : fromLatin1(frame))
