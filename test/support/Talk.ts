/** Talking to a server of lines, byte for byte. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type * as Endpoint from "../../src/Endpoint.ts"
import * as RawPeer from "./RawPeer.ts"

/** Where a protocol is served. */
export interface Served {
  readonly endpoint: Extract<Endpoint.Endpoint, { readonly _tag: "Tcp" | "Unix" }>
}

/** All that a client gets that sends this and half-closes. */
export const answersOf = ({ endpoint }: Served, sent: string | Uint8Array): Effect.Effect<string> =>
  Effect.gen(function* () {
    const peer = yield* RawPeer.connect(endpoint)
    yield* peer.send(sent)
    yield* peer.end
    return yield* peer.rest
  }).pipe(Effect.scoped)

/** All that a client gets that sends this and goes on listening: it returns when the server closes the connection. */
export const lastWordsOf = ({ endpoint }: Served, sent: string | Uint8Array): Effect.Effect<string> =>
  Effect.gen(function* () {
    const peer = yield* RawPeer.connect(endpoint)
    yield* peer.send(sent)
    return yield* peer.rest
  }).pipe(Effect.scoped)

/** Sends one line and gives the reply to it. */
export const askOne = (peer: RawPeer.RawPeer, line: string): Effect.Effect<string> =>
  Effect.andThen(
    peer.send(`${line}\n`),
    Effect.map(peer.lines(1), ([reply]) => reply!)
  )

/** A line that is sent, and the line that comes back. */
export type Exchange = readonly [sent: string, received: string]

/** Has a conversation on a new connection, all of it sent at once, and compares every byte of the answers. */
export const converseWith = (served: Served, ...exchanges: ReadonlyArray<Exchange>) =>
  Effect.map(answersOf(served, exchanges.map(([sent]) => `${sent}\n`).join("")), (received) =>
    assert.deepStrictEqual(received.split("\n"), [...exchanges.map(([, received]) => received), ""])
  )

/** Writes and waits until the kernel has taken it; false when the connection is over. */
export const writeTo = (peer: RawPeer.RawPeer, bytes: string | Uint8Array): Effect.Effect<boolean> =>
  Effect.promise(
    () => new Promise<boolean>((resolve) => void peer.socket.write(bytes, (error) => resolve(!error)))
  )
