/**
 * The SMS shell as a service: its one command, on the `SocketServer` in the context.
 */
import * as Server from "../../Server.ts"
import { SmsShell } from "./Protocol.ts"

const commands = { text: () => import("./commands/text.ts") }

/** Serves the SMS shell; messages take the way of the `Gateway` in the context. */
export const layer = (limits: Server.Limits = {}) => Server.layer(SmsShell, { ...limits, commands })
