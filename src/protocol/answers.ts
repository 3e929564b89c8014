/** What a request is answered, and what is no request. */
import { Data } from "effect"
import type { Frame, InvalidFrame } from "../framing/frame.ts"
import type { Malformed } from "../syntax/malformed.ts"

/**
 * What a request is answered: one frame, several, none at all (an empty array), or any of these and then the end of
 * the connection (`closing`).
 */
export type Answer<Reply> = Reply | ReadonlyArray<Reply> | Closing<Reply>

/** The frames to send before the connection closes; what the peer sent after the request is not read any more. */
export class Closing<out Reply> extends Data.TaggedClass("Closing")<{
  readonly replies: ReadonlyArray<unknown>
}> {
  declare readonly replies: ReadonlyArray<Reply>
}

/** Answers with these frames and closes the connection. */
export const closing = <const Reply = never>(...replies: ReadonlyArray<Reply>): Closing<Reply> =>
  new Closing<Reply>({ replies })

/**
 * The answer to an invalid request, for a protocol in which only a frame over the limit ends the connection: skipping a
 * frame of unlimited length would cost more than a new connection.
 */
export const closingIfTooLong = <Reply>(problem: InvalidRequest, reply: Reply): Answer<Reply> =>
  problem._tag === "InvalidFrame" && problem.reason === "TooLong" ? closing(reply) : reply

/**
 * A piece of one reply frame that is too long to be made at once, in a Stream that a handler answers with. The pieces of a
 * frame follow one another; the last one is a `lastFragment`, after which the frame's delimiter is written.
 */
export class Fragment extends Data.TaggedClass("Fragment")<{
  readonly text: Frame
  readonly last: boolean
}> {}

/** A piece of a frame that goes on. */
export const fragment = (text: Frame): Fragment => new Fragment({ text, last: false })

/** The piece that ends its frame. */
export const lastFragment = (text: Frame): Fragment => new Fragment({ text, last: true })

/** What is no request: the framing cannot read it, or it is outside the grammar. */
export type InvalidRequest = InvalidFrame | Malformed
