/**
 * The session of a connection: what its client has said about one application so far (specification, "Session").
 *
 * It is built when the client connects and gone when it leaves. Every `error` reply raises its error flag, which only
 * `clear` lowers; commands answer an error through `refuse`, so that none forgets it.
 */
import { Context, Effect, Layer } from "effect"
import * as Command from "../../Command.ts"
import type * as Wireline from "../../Protocol.ts"
import type { Application, PathType, Plug } from "./Application.ts"
import { type Reason, type Reply, type Request, SecLsmManager } from "./Protocol.ts"

/**
 * How much the entries of a session may take up together, in bytes, more or less: for each entry its characters, and
 * `entrySize` for what holds them. The specification sets no bound, but a server for many clients needs one; an entry
 * beyond it is refused with `internal`.
 */
export const capacity = 4_194_304

/** What an entry takes up besides its characters: a string keeps the block alive that it was read in. */
export const entrySize = 512

/** What a session holds. */
export class State {
  /** How many messages the client has sent: a hello may only be the first. */
  messages = 0
  /** The error flag. */
  failed = false
  id: string | undefined = undefined
  readonly paths = new Map<string, PathType>()
  readonly permissions = new Set<string>()
  /** By the directory that is plugged into. */
  readonly plugs = new Map<string, Plug>()
  private used = 0

  /** As if the connection had just been made, save that messages have been sent. */
  clear(): void {
    this.failed = false
    this.id = undefined
    this.paths.clear()
    this.permissions.clear()
    this.plugs.clear()
    this.used = 0
  }

  /** Takes the room of one more entry; false when there is none left. */
  reserve(characters: number): boolean {
    const used = this.used + characters + entrySize
    if (used > capacity) return false
    this.used = used
    return true
  }

  /** The error reply for this reason; raises the error flag. */
  refuse(reason: Reason): Reply {
    this.failed = true
    return { _tag: "error", reason }
  }

  get application(): Application {
    return {
      id: this.id,
      paths: Array.from(this.paths, ([path, type]) => ({ path, type })),
      permissions: [...this.permissions],
      plugs: [...this.plugs.values()]
    }
  }
}

export class Session extends Context.Service<Session, State>()("wireline/sec-lsm-manager/Session") {
  static readonly layer = Layer.sync(Session, () => new State())
}

/** `done`, and what follows it on the line. */
export const done = (...args: ReadonlyArray<string>): Reply => ({ _tag: "done", args })

type Tag = Request["_tag"]
type RequestOf<T extends Tag> = Command.RequestOf<typeof SecLsmManager, T>

/** A command of sec-lsm-manager, as the core has it. */
export const define = Command.define(SecLsmManager, Session)

/** A command that answers at once, from the session alone. */
export const command = <const T extends Tag>(
  tag: T,
  answer: (request: RequestOf<T>, session: State) => Wireline.Answer<Reply>
) => define(tag, inSession(answer))

/** A command that has something to wait for: its effect answers, or fails with the reason of the error reply. */
export const commandEffect = <const T extends Tag, E, R>(
  tag: T,
  make: Effect.Effect<
    (request: RequestOf<T>, session: State) => Effect.Effect<Wireline.Answer<Reply>, Reason>,
    E,
    R
  >
) =>
  define(
    tag,
    Effect.map(make, (answer) =>
      inSession<RequestOf<T>, Effect.Effect<Wireline.Answer<Reply>>>((request, session) =>
        Effect.catch(answer(request, session), (reason) => Effect.succeed(session.refuse(reason)))
      )
    )
  )

/** Hands a command the session of the connection. */
export const inSession =
  <Request, A>(answer: (request: Request, session: State) => A) =>
  (request: Request, { session }: { readonly session: State }): A => {
    session.messages++
    return answer(request, session)
  }

/**
 * Fails unless the session may be installed or uninstalled: only paths of type `default`, whose labels are taken off,
 * do without an id.
 */
export const ensureInstallable = (session: State): Effect.Effect<void, Reason> => {
  if (session.failed) return Effect.fail("not-recoverable")
  const needsId =
    session.permissions.size > 0 ||
    session.plugs.size > 0 ||
    session.paths.values().some((type) => type !== "default")
  return session.id === undefined && needsId ? Effect.fail("invalid") : Effect.void
}
