/**
 * RSCP as a service: its commands and its session, on the `SocketServer` in the context.
 */
import { Layer } from "effect"
import * as Server from "../../Server.ts"
import { Rscp } from "./Protocol.ts"
import { type Access, Session, Setup } from "./Session.ts"

const commands = {
  connect: () => import("./commands/connect.ts"),
  login: () => import("./commands/login.ts"),
  create: () => import("./commands/create.ts"),
  disconnect: () => import("./commands/disconnect.ts"),
  list: () => import("./commands/list.ts"),
  function: () => import("./commands/function.ts")
}

/** Who may compute, whether peers may make accounts, and what they may use up. */
export interface Options extends Server.Limits {
  /** `public` by default. */
  readonly access?: Access
  /** Whether `AUTHENTIFICATION CREATE` makes accounts; it does by default. */
  readonly registration?: boolean
}

/** How long a connection may say nothing (specification, "Protocoles de transport et de connexions"). */
const idleTimeout = "30 minutes"

/**
 * Serves RSCP. It computes with the `Calculator` in the context; the people who log in to a private server are those of
 * its `Accounts`.
 */
export const layer = ({ access = "public", registration = true, ...limits }: Options = {}) =>
  Server.layer(Rscp, { idleTimeout, ...limits, session: Session.layer, commands }).pipe(
    Layer.provide(Layer.succeed(Setup, { access, registration }))
  )
