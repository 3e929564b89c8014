/**
 * What RSCP is told on the command line.
 */
import { Schema } from "effect"
import { maxLength } from "../protocols/rscp/Protocol.ts"
import * as Setting from "./Setting.ts"

export const defaultEndpoint = { _tag: "Tcp", host: "127.0.0.1", port: 6556 } as const

export const settings = {
  rscp: Setting.endpoint("rscp", "Where RSCP is served", () => defaultEndpoint),
  rscpMaxFrame: Setting.maxFrame("rscp", "message of RSCP", maxLength),
  rscpAccess: Setting.make(
    "rscp-access",
    Schema.Literals(["public", "private"]),
    "Who may compute with RSCP: everyone, or who has logged in to an account of the realm rscp (default: public)"
  ).pipe(Setting.inTable("rscp"), Setting.withMetavar("public|private"), Setting.withDefault("public")),
  rscpRegistration: Setting.make(
    "rscp-registration",
    Schema.Literals(["on", "off"]),
    "Whether clients of a private RSCP server may make accounts for themselves (default: on)"
  ).pipe(Setting.inTable("rscp"), Setting.withMetavar("on|off"), Setting.withDefault("on"))
}
