/**
 * The session of a connection: its state (specification, "Gestion d'états"), and which messages are taken in it.
 */
import { Context, Effect, Layer } from "effect"
import * as Command from "../../Command.ts"
import { Peer } from "../../Peer.ts"
import type * as Protocol from "../../Protocol.ts"
import { type Reply, type Request, Rscp } from "./Protocol.ts"

/** Who may compute: everyone, or whoever has logged in. */
export type Access = "public" | "private"

/** The accounts that may log in here. */
export const realm = "rscp"

/** How a server is set up. */
export class Setup extends Context.Service<
  Setup,
  {
    readonly access: Access
    /** Whether peers may make accounts by `AUTHENTIFICATION CREATE`. */
    readonly registration: boolean
  }
>()("wireline/rscp/Setup") {}

/**
 * The state of a connection.
 *
 * `Wait` is the time in which an operation is computed. Messages are answered in their order, so none is taken in it:
 * what comes meanwhile is taken in the state that follows.
 */
export type State = "Idle" | "Authentification" | "Connected" | "Wait"

/** The states in which a server takes messages; a public one has nobody log in. */
export interface Taking {
  readonly public: "Idle" | "Connected"
  readonly private: "Idle" | "Authentification" | "Connected"
}

/** What a session holds. */
export interface Held {
  state: State
  readonly access: Access
  /** Where the peer is, for the lock-out. */
  readonly address: string
}

export class Session extends Context.Service<Session, Held>()("wireline/rscp/Session") {
  static readonly layer = Layer.effect(
    Session,
    Effect.gen(function* () {
      const { access } = yield* Setup
      const { address } = yield* Peer
      return { state: "Idle", access, address }
    })
  )
}

type Tag = Request["_tag"]
type RequestOf<T extends Tag> = Command.RequestOf<typeof Rscp, T>

/** What a message does in a state: a reply, and nothing else, or what makes one. */
export type Step<T extends Tag> =
  | Reply
  | ((request: RequestOf<T>, session: Held) => Protocol.Answer<Reply> | Effect.Effect<Reply>)

/** What a message does, for each access and each state in which it may come. */
export type Steps<T extends Tag> = {
  readonly [A in Access]: { readonly [S in Taking[A]]: Step<T> }
}

const define = Command.define(Rscp, Session)

/** A command by its table of states, or by the effect that makes the table from services. */
export const command = <const T extends Tag, E = never, R = never>(
  tag: T,
  steps: Steps<T> | Effect.Effect<Steps<T>, E, R>
) =>
  define(
    tag,
    Effect.map(
      Effect.isEffect(steps) ? steps : Effect.succeed(steps),
      (steps) =>
        (request: RequestOf<T>, { session }: { readonly session: Held }) => {
          const step = stepsOf(steps, session)[session.state]
          if (step === undefined) throw new Error(`a message was taken in the state ${session.state}`)
          return typeof step === "function" ? step(request, session) : step
        }
    )
  )

const stepsOf = <T extends Tag>(steps: Steps<T>, { access }: Held): { readonly [S in State]?: Step<T> } =>
  steps[access]

/** What a message that needs a later state gets, before it. */
export const tooEarly = {
  public: { Idle: { _tag: "Failed" } },
  private: { Idle: { _tag: "Authentification" }, Authentification: { _tag: "Authentification" } }
} as const satisfies { readonly [A in Access]: { readonly [S in Taking[A]]?: Reply } }

/** Computes in the state `Wait`, and comes back to the one before. */
export const waiting = <A>(session: Held, compute: Effect.Effect<A>): Effect.Effect<A> =>
  Effect.suspend(() => {
    const before = session.state
    session.state = "Wait"
    return Effect.ensuring(
      compute,
      Effect.sync(() => {
        session.state = before
      })
    )
  })
