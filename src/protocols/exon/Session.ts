/**
 * The session of a connection: who has logged in on it (notes on the specification, "Items").
 */
import { Cause, Context, Effect, Exit, Layer } from "effect"
import * as Command from "../../Command.ts"
import { Peer } from "../../Peer.ts"
import * as ItemDate from "./ItemDate.ts"
import { Exon, Failed, type Item, type Reply, type Request } from "./Protocol.ts"
import { type Asking, type Item as StoredItem, Store, StoreError } from "./Store.ts"

/** What a session holds. */
export interface State {
  /** The account that is logged in, as it is spelled there. */
  user: string | undefined
  /** Where the peer is, for the audit trail and the lock-out. */
  readonly address: string
  /** How many items have been asked for that are not answered. What changes an item waits for them. */
  reading: number
}

export class Session extends Context.Service<Session, State>()("wireline/exon/Session") {
  static readonly layer = Layer.effect(
    Session,
    Effect.map(Peer, ({ address }) => ({ user: undefined, address, reading: 0 }))
  )
}

/** Whose work it is that is done on a connection: the user's, or `anon`'s where nobody has logged in. */
export const actorOf = ({ address, user }: State) => ({ author: user ?? "anon", address })

type Tag = Request["_tag"]
type RequestOf<T extends Tag> = Command.RequestOf<typeof Exon, T>

/** The reply to what a command has asked of the store. */
export interface Replying {
  readonly begin: (done: Command.Done<Reply>) => void
}

/**
 * Replies to what comes of a question to the store, at once or in an effect; `refused` says how where the store did not do
 * it, for which there is else the general `Failed`. The store has logged why.
 */
export const replying = <A>(
  asking: Asking<A>,
  toReply: (outcome: A) => Command.Outcome<Reply>,
  refused: (error: StoreError) => Reply | undefined = () => undefined
): Replying => ({
  begin: (done) =>
    asking.begin((outcome) => {
      if (Exit.isSuccess(outcome)) return done(Exit.succeed(toReply(outcome.value)))
      const error = Cause.squash(outcome.cause)
      done(
        error instanceof StoreError
          ? Exit.succeed(refused(error) ?? Failed.make({ data: null }))
          : Exit.die(error)
      )
    })
})

/** Has whatever changes an item wait until this is answered, for it may be read only then. */
export const reading = (session: State, { begin }: Replying): Replying => ({
  begin: (done) => {
    session.reading++
    const end = () => void session.reading--
    begin((outcome) => {
      if (Exit.isSuccess(outcome) && Command.isEffect(outcome.value)) {
        return done(Exit.succeed(Effect.ensuring(outcome.value, Effect.sync(end))))
      }
      end()
      done(outcome)
    })
  }
})

/**
 * A command on one item: it asks the store, in the order of the requests, and answers when that is committed, while
 * the next requests are begun.
 */
export const command = <const T extends Tag>(
  tag: T,
  ask: (request: RequestOf<T>, session: State, store: Store["Service"]) => Reply | Replying
) =>
  Command.layer(
    Exon,
    tag,
    Effect.map(Store, (store) => (request: RequestOf<T>, connection: Context.Context<Session>) => {
      const session = Context.get(connection, Session)
      const answer = ask(request, session, store)
      if ("_tag" in answer) return answer
      const later = Command.later<Reply>(answer.begin)
      return session.reading > 0 && changing.has(tag) ? Command.toEffect(later) : later
    })
  )

/** What may change an item that has been asked for. */
const changing: ReadonlySet<Tag> = new Set(["comment", "del"])

/** The number of an item, for the store; one that it cannot count to is near enough, for no item has it. */
export const numberOf = ({ id }: { readonly id: number | string }): number => Number(id)

/** An item of the store as a reply shows it. */
export const toReply = ({ author, comments, date, id, name }: StoredItem): Item => ({
  name,
  id,
  date: ItemDate.format(date),
  comments,
  author
})
