/**
 * The connection as handlers and sessions see it: who is at the other end, and what can be done besides answering.
 */
import { Context, Effect } from "effect"
import type * as Protocol from "../Protocol.ts"
import type { Activity } from "./Activity.ts"
import type { RequestCount } from "./RequestId.ts"
import type { Wait } from "./Wait.ts"

/**
 * One connection of a protocol.
 *
 * **Details**
 *
 * An unsolicited message goes out between two replies, never inside one: behind the replies that are finished, before those
 * that are not.
 */
export interface Connection<P extends Protocol.Any, Session = undefined> {
  /** The service that `Command.define` was given. */
  readonly session: Session
  readonly peer: {
    /** `tcp://HOST:PORT` on TCP, else the kind of the socket (`unix`, `stdio`). */
    readonly address: string
  }
  /** Which request is being answered, as text; a `concurrent` command reads it before it waits. */
  readonly requestId: string
  /** Sends an unsolicited message, and waits while more than `Limits.maxPushed` of them are on their way to the peer. */
  readonly send: (message: Protocol.Push<P>) => Effect.Effect<void>
  /** Sends an unsolicited message without waiting. Returns false, and sends nothing, where `send` would wait. */
  readonly offer: (message: Protocol.Push<P>) => boolean
  /** The mode in which the next request is read: that of the current one, too, unless its handler has switched. */
  readonly mode: Protocol.Mode<P> | undefined
  /**
   * Switches the framing and the grammar of whatever follows the current request; `undefined` for those of the beginning.
   * What follows a line that is too long is the rest of that line: close the connection, or stay in the mode.
   */
  readonly setMode: (mode: Protocol.Mode<P> | undefined) => void
  /** Whether `startTls` may be called: the endpoint has certificates, and the connection is not encrypted yet. */
  readonly canStartTls: boolean
  /**
   * Encrypts the connection after the reply to the current request. What the peer has sent before the handshake is
   * discarded, so that no one between the two can inject requests (RFC 3207, section 6).
   */
  readonly startTls: () => void
  /** Whether the connection is encrypted. */
  readonly isEncrypted: boolean
  /** Closes the connection when the replies that are finished are written. */
  readonly close: () => void
  /** Closes the connection at once. What the peer has not taken is lost: for one that does not read. */
  readonly disconnect: () => void
}

/** The connection without what depends on a protocol's types. */
export type AnyConnection = Connection<Protocol.Any, unknown>

/** The connection that a session is built for, in the context of its Layer; `connectionOf` gives it a type. */
export class CurrentConnection extends Context.Service<CurrentConnection, AnyConnection>()(
  "wireline/Server/Connection"
) {}

/** The connection of this protocol that a session is built for. */
export const connectionOf = <P extends Protocol.Any>(
  _protocol: P
): Effect.Effect<Connection<P>, never, CurrentConnection> => Effect.map(CurrentConnection, ofProtocol<P>)

/** The connection with the types of the protocol that it speaks. */
export const ofProtocol = <P extends Protocol.Any>(connection: AnyConnection): Connection<P> =>
  connection as unknown as Connection<P>

/** What the loop offers to the connections that it hands out. */
export interface Controls {
  readonly peer: { readonly address: string }
  readonly request: RequestCount
  readonly mode: string | undefined
  readonly canStartTls: boolean
  readonly isEncrypted: boolean
  send(message: Protocol.Tagged): Effect.Effect<void>
  offer(message: Protocol.Tagged): boolean
  setMode(mode: string | undefined): void
  startTls(): void
  closeAfterReplies(): void
  disconnect(): void
}

/** What a responder needs of the loop around it. */
export interface Surroundings extends Activity, Controls {
  /** A reply was finished outside of `take`. */
  readonly notify: () => void
  /** Ends when the peer has taken all that is finished. */
  readonly written: Wait
}

/** The connection with one of its services as the session. */
export class SessionConnection implements AnyConnection {
  /** The key of the session. */
  readonly key: Context.Key<unknown, unknown> | undefined
  readonly session: unknown
  private readonly controls: Controls

  constructor(controls: Controls, key: Context.Key<unknown, unknown> | undefined, session: unknown) {
    this.controls = controls
    this.key = key
    this.session = session
  }

  get peer() {
    return this.controls.peer
  }
  get requestId() {
    return this.controls.request.toString()
  }
  get mode() {
    return this.controls.mode
  }
  get canStartTls() {
    return this.controls.canStartTls
  }
  get isEncrypted() {
    return this.controls.isEncrypted
  }

  // Functions that a handler may take out of the connection. Made when they are asked for, because most connections need none.
  get send() {
    return (message: Protocol.Tagged) => this.controls.send(message)
  }
  get offer() {
    return (message: Protocol.Tagged) => this.controls.offer(message)
  }
  get setMode() {
    return (mode: string | undefined) => this.controls.setMode(mode)
  }
  get startTls() {
    return () => this.controls.startTls()
  }
  get close() {
    return () => this.controls.closeAfterReplies()
  }
  get disconnect() {
    return () => this.controls.disconnect()
  }
}
