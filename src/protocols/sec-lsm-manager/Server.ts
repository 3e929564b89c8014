/**
 * sec-lsm-manager as a service: its commands, its session, its journal, on the `SocketServer` in the context.
 */
import { Effect, Layer } from "effect"
import * as Server from "../../Server.ts"
import { Journal, observer } from "./Journal.ts"
import { SecLsmManager } from "./Protocol.ts"
import { Session } from "./Session.ts"

const commands = {
  hello: () => import("./commands/hello.ts"),
  clear: () => import("./commands/clear.ts"),
  id: () => import("./commands/id.ts"),
  path: () => import("./commands/path.ts"),
  permission: () => import("./commands/permission.ts"),
  plug: () => import("./commands/plug.ts"),
  install: () => import("./commands/install.ts"),
  uninstall: () => import("./commands/uninstall.ts"),
  display: () => import("./commands/display.ts"),
  log: () => import("./commands/log.ts")
}

/** Serves sec-lsm-manager; what it installs with is the `SecurityModule` in the context. */
export const layer = (limits: Server.Limits = {}) =>
  Layer.unwrap(
    Effect.map(Journal, (journal) =>
      Server.layer(SecLsmManager, {
        ...limits,
        session: Session.layer,
        commands,
        observer: () => (journal.on ? observer : undefined)
      })
    )
  ).pipe(Layer.provide(Journal.layer))
