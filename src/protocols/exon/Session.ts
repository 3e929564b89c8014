/**
 * The session of a connection: who has logged in on it (notes on the specification, "Items").
 */
import { Context, Effect, Layer } from "effect"
import * as Command from "../../Command.ts"
import { Peer } from "../../Peer.ts"
import * as ItemDate from "./ItemDate.ts"
import { Exon, Failed, type Item, type Reply, type Request } from "./Protocol.ts"
import { type Item as StoredItem, Store, type StoreError } from "./Store.ts"

/** What a session holds. */
export interface State {
  /** The account that is logged in, as it is spelled there. */
  user: string | undefined
  /** Where the peer is, for the audit trail and the lock-out. */
  readonly address: string
}

export class Session extends Context.Service<Session, State>()("wireline/exon/Session") {
  static readonly layer = Layer.effect(
    Session,
    Effect.map(Peer, ({ address }) => ({ user: undefined, address }))
  )
}

/** Whose work it is that is done on a connection: the user's, or `anon`'s where nobody has logged in. */
export const actorOf = ({ address, user }: State) => ({ author: user ?? "anon", address })

type Tag = Request["_tag"]
type RequestOf<T extends Tag> = Extract<Request, { readonly _tag: T }>

type Asked<T extends Tag> = (
  request: RequestOf<T>,
  session: State,
  store: Store["Service"]
) => Reply | Effect.Effect<Reply, StoreError>

/**
 * A command on one item: it asks the store, in the order of the requests, and answers when that is committed, while
 * the next requests are begun.
 */
export const command = <const T extends Tag>(tag: T, ask: Asked<T>) =>
  Command.layer(
    Exon,
    tag,
    asking(ask, (answer, connection) =>
      Effect.isEffect(answer)
        ? Command.later((done) => Effect.runForkWith(connection)(answer).addObserver(done))
        : answer
    )
  )

/** A command on many items at once. Its replies are long: each goes out before the next request is begun. */
export const commandOnMany = <const T extends Tag>(tag: T, ask: Asked<T>) =>
  Command.layer(
    Exon,
    tag,
    asking(ask, (answer) => answer)
  )

const asking = <T extends Tag, A>(
  ask: Asked<T>,
  answering: (answer: Reply | Effect.Effect<Reply>, connection: Context.Context<Session>) => A
) =>
  Effect.map(Store, (store) => (request: RequestOf<T>, connection: Context.Context<Session>) => {
    const asked = ask(request, Context.get(connection, Session), store)
    return answering(
      Effect.isEffect(asked)
        ? Effect.catch(asked, (error) =>
            Effect.as(Effect.logError(error.message), Failed.make({ data: null }))
          )
        : asked,
      connection
    )
  })

/** An item of the store as a reply shows it. */
export const toReply = ({ author, comments, date, id, name }: StoredItem): Item => ({
  name,
  id,
  date: ItemDate.format(date),
  comments,
  author
})
