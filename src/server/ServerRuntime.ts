/** What all connections of one server share. `R` is what a connection provides. */
import type { Clock, Effect } from "effect"
import type * as Command from "../command/definition.ts"
import type * as Protocol from "../Protocol.ts"
import type { CommandCache } from "./CommandCache.ts"
import type { AnyConnection } from "./Connection.ts"
import type { MemoryBudget } from "./MemoryBudget.ts"
import type { ServerMetrics } from "./ServerMetrics.ts"
import type { Turn } from "./Turn.ts"

/** Sees the frames of a connection as they come and go; those of bytes as latin1 text. */
export type Observer = (direction: "received" | "sent", frame: string) => Effect.Effect<void>

export interface ServerRuntime<in out R> {
  readonly protocol: Protocol.Any
  /** The grammar that a connection begins with, with the server's limit of a frame. */
  readonly grammar: Protocol.AnyGrammar
  readonly commands: CommandCache<string>
  readonly clock: Clock.Clock
  /** Whether connections that are idle are closed. */
  readonly watchesIdle: boolean
  readonly turn: Turn
  readonly budget: MemoryBudget
  readonly metrics: ServerMetrics
  /** Whether a request is answered with nothing; `undefined` where none is. */
  readonly isSilent: ((request: Protocol.Tagged) => boolean) | undefined
  /** The share of requests that get a span. */
  readonly sampling: number
  /** The most characters of unsolicited messages that wait for a peer. */
  readonly maxPushed: number
  readonly observer: () => Observer | undefined
  readonly greeting: (connection: AnyConnection) => Command.Answering<Protocol.Tagged, R>
  readonly onInvalid: (
    problem: Protocol.InvalidRequest,
    connection: AnyConnection,
    at: number
  ) => Command.Answering<Protocol.Tagged, R>
}
