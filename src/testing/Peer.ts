/** The other side of a connection in memory, byte for byte. */
import { Effect, Schema } from "effect"
import type * as Socket from "effect/socket/Socket"
import type { MemoryTransport } from "./MemoryTransport.ts"
import { bytesOf, Incoming } from "./socket.ts"

/** Something else came than what a test expects, or the connection ended first. */
export class PeerError extends Schema.TaggedError<PeerError>()("PeerError", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/**
 * A peer that knows no protocol: tests use it where the typed client, or a server, would hide what is on the wire. Text is
 * UTF-8. It reads only what it is asked for; so a peer that is not asked does not take what the other side sends.
 */
export class Peer {
  private received = nothing
  private readonly transport: MemoryTransport
  private readonly incoming: Incoming

  constructor(transport: MemoryTransport) {
    this.transport = transport
    this.incoming = new Incoming(transport)
  }

  /** Sends bytes, and waits while the other side does not take them. */
  send(bytes: string | Uint8Array): Effect.Effect<void, Socket.SocketError> {
    return Effect.suspend(() => this.transport.write(bytesOf(bytes)) ?? Effect.void)
  }

  /** The next bytes: this number of them. */
  read(length: number): Effect.Effect<Uint8Array, PeerError> {
    return this.until(() => (this.received.length < length ? undefined : length))
  }

  /** The next line, without its LF or CR LF. */
  get line(): Effect.Effect<string, PeerError> {
    return Effect.map(
      this.until(() => this.received.indexOf(0x0a) + 1 || undefined),
      (bytes) => text(bytes).replace(/\r?\n$/, "")
    )
  }

  /** The next lines, this number of them, without their LF or CR LF. */
  lines(count: number): Effect.Effect<ReadonlyArray<string>, PeerError> {
    return Effect.replicateEffect(this.line, count)
  }

  /** Takes bytes, which must be these. */
  expect(expected: string | Uint8Array): Effect.Effect<void, PeerError> {
    const bytes = bytesOf(expected)
    return Effect.flatMap(this.read(bytes.length), (received) =>
      received.every((byte, at) => byte === bytes[at])
        ? Effect.void
        : Effect.fail(new PeerError({ problem: `expected ${show(bytes)}, received ${show(received)}` }))
    )
  }

  /** All that is still to come, until the other side ends the connection. */
  get rest(): Effect.Effect<string> {
    return Effect.suspend(() =>
      Effect.matchEffect(this.incoming.pull, {
        onSuccess: ([chunk]) => {
          this.append(chunk)
          return this.rest
        },
        onFailure: () => Effect.succeed(text(this.take(this.received.length)))
      })
    )
  }

  /** Half-closes: there is no more to send. */
  get end(): Effect.Effect<void> {
    return this.transport.end
  }

  /** Closes the connection: nothing is read any more, and what was sent still arrives. */
  get close(): Effect.Effect<void> {
    return this.transport.destroy
  }

  /** Breaks the connection off: what is under way is lost on both sides. */
  get reset(): Effect.Effect<void> {
    return this.transport.reset
  }

  private until(length: () => number | undefined): Effect.Effect<Uint8Array, PeerError> {
    return Effect.suspend(() => {
      const complete = length()
      if (complete !== undefined) return Effect.succeed(this.take(complete))
      return Effect.matchEffect(this.incoming.pull, {
        onSuccess: ([chunk]) => {
          this.append(chunk)
          return this.until(length)
        },
        onFailure: () =>
          Effect.fail(new PeerError({ problem: `the connection ended after ${show(this.received)}` }))
      })
    })
  }

  private append(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.received.length + chunk.length)
    joined.set(this.received)
    joined.set(chunk, this.received.length)
    this.received = joined
  }

  private take(length: number): Uint8Array {
    const bytes = this.received.slice(0, length)
    this.received = this.received.slice(length)
    return bytes
  }
}

const nothing = new Uint8Array(0)
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
const text = (bytes: Uint8Array): string => decoder.decode(bytes)
const show = (bytes: Uint8Array): string => JSON.stringify(text(bytes))
