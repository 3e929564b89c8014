/**
 * The session of a connection: who has logged in on it (notes on the specification, "Items"). And what the commands
 * have in common.
 */
import { Context, Effect, Layer } from "effect"
import * as Command from "../../Command.ts"
import * as ItemDate from "./ItemDate.ts"
import { Exon, Failed, type Item, type Reply } from "./Protocol.ts"
import type { Item as StoredItem, StoreError } from "./Store.ts"

/** What a session holds. */
export interface State {
  /** The account that is logged in, as it is spelled there. */
  user: string | undefined
}

export class Session extends Context.Service<Session, State>()("wireline/exon/Session") {
  static readonly layer = Layer.sync(Session, () => ({ user: undefined }))
}

/**
 * Defines a command of Exon. Those that ask the store are concurrent, so that the requests of a connection share commits:
 * they ask when they start, which keeps the order of the requests.
 */
export const command = Command.define(Exon, Session)

/** Who acts on a connection: the user, or `anon` if nobody has logged in. */
export const actorOf = (connection: {
  readonly session: State
  readonly peer: { readonly address: string }
}) => ({ author: connection.session.user ?? "anon", address: connection.peer.address })

/** Answers `Failed` where the store did not carry out a request; the store has logged why. */
export const orFailed: <A, R>(effect: Effect.Effect<A, StoreError, R>) => Effect.Effect<A | Reply, never, R> =
  Effect.catch(() => Effect.succeed<Reply>(Failed.make({ data: null })))

/** The number of an item, for the store. One beyond what it counts exactly is near enough, for no item has it. */
export const numberOf = ({ id }: { readonly id: number | string }): number => Number(id)

/** An item of the store as a reply shows it. */
export const toReply = ({ author, comments, date, id, name }: StoredItem): Item => ({
  name,
  id,
  date: ItemDate.format(date),
  comments,
  author
})
