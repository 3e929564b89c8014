/** What a client is, and what it can be asked. */
import type { Duration, Effect, Stream } from "effect"
import type * as Socket from "effect/socket/Socket"
import type * as Protocol from "../Protocol.ts"
import type { CloseReason, RequestError } from "./errors.ts"

/** How one request is sent. */
export interface SendOptions {
  /**
   * How long to wait for the answer, from the call on; without a limit by default. It fails with `RequestTimeout`. Of a
   * streamed answer, how long to wait for each frame.
   */
  readonly timeout?: Duration.Input
  /**
   * More of the request's frame, such as the content of a mail, sent as it is produced. The frame is what the request
   * encodes to, then this, then the end of the frame.
   *
   * **Gotchas**
   *
   * Later requests wait until it has ended. A defect in it, or its interruption, fails the connection: half a frame cannot be taken back.
   */
  readonly body?: Stream.Stream<Protocol.Frame>
}

/** What can be asked of a server, whatever connection it is on. `Lost` is why there is none any more. */
export interface Client<in Request, out Reply, out Push = never, out Lost = CloseReason> {
  /**
   * Sends a request and waits for its answer: all its frames, in order. Where the protocol answers nothing, it waits until
   * the request is written, and gives none.
   */
  readonly send: (
    request: Request,
    options?: SendOptions
  ) => Effect.Effect<ReadonlyArray<Reply>, RequestError>
  /**
   * Sends a request when the Stream is run, and gives the frames of its answer as they come. When the consumer leaves, the
   * rest of the answer is dropped as it comes.
   *
   * **Gotchas**
   *
   * A consumer that is 256 frames behind stops the reading of the connection, and so the answers to all other requests. It
   * must not wait for one of these.
   */
  readonly stream: (request: Request, options?: SendOptions) => Stream.Stream<Reply, RequestError>
  /** What the server said first; waits for it. Empty where the protocol has no greeting. */
  readonly greeting: Effect.Effect<ReadonlyArray<Reply>, Lost>
  /**
   * The unsolicited messages, each once: two consumers share them. Those that no consumer has taken yet are kept,
   * `maxPushes` at most. It fails when there is no connection any more.
   */
  readonly pushes: Stream.Stream<Push, Lost>
  /** Waits until there is no connection any more, and says why. */
  readonly closed: Effect.Effect<Lost>
}

/** A client on one connection. */
export interface Connected<in Request, out Reply, out Push = never, out Lost = CloseReason> extends Client<
  Request,
  Reply,
  Push,
  Lost
> {
  /**
   * Encrypts the connection (STARTTLS), when the server has agreed to it. What the server has sent before the handshake and
   * was not asked for is discarded or fails the connection. An error of the handshake ends the connection.
   *
   * **Gotchas**
   *
   * `servername` is the name that the certificate must be for; without it, `localhost`. It is a defect to call this while
   * answers are missing.
   */
  readonly startTls: (options?: Socket.TlsUpgradeOptions) => Effect.Effect<void, CloseReason>
}

/** The client of a protocol. */
export type Of<P extends Protocol.Any, Lost = CloseReason> = Client<
  Protocol.Request<P>,
  Protocol.Reply<P>,
  Protocol.Push<P>,
  Lost
>

/** The client of a protocol on one connection. */
export type ConnectedOf<P extends Protocol.Any, Lost = CloseReason> = Connected<
  Protocol.Request<P>,
  Protocol.Reply<P>,
  Protocol.Push<P>,
  Lost
>

/** What a client may be sent. */
export interface Options {
  /** The longest frame of a reply in bytes; 64 MiB by default, whatever the longest frame of a request is. */
  readonly maxFrame?: number
  /** The most unsolicited messages that wait to be taken; 65,536 by default. One more fails the connection. */
  readonly maxPushes?: number
}
