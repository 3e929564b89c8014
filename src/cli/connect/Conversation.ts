/**
 * A conversation with a server, on the terminal where there is one, else from standard input to standard output.
 */
import { Effect, Stdio } from "effect"
import type * as Endpoint from "../../Endpoint.ts"
import type * as Protocol from "../../Protocol.ts"
import { defaultData } from "../ConfigurationFile.ts"
import type { Reachable } from "../Reachable.ts"
import * as Connection from "./Connection.ts"
import type { Dialect } from "./Dialect.ts"
import * as Script from "./Script.ts"
import * as Terminal from "./Terminal.ts"

/** Connects and talks until one side ends it. Without a terminal, a reply that is an error makes the exit status 1. */
export const converse = Effect.fnUntraced(function* <P extends Protocol.Any>(
  dialect: Dialect<P>,
  to: {
    readonly endpoint: Reachable
    readonly tls: Endpoint.TlsClientOptions
    /** Prints replies as JSON objects, one a line. */
    readonly json: boolean
  }
) {
  const stdio = yield* Stdio.Stdio
  const connection = yield* Connection.open(dialect, to.endpoint, to.tls)
  const asJson = (reply: Protocol.Reply<P>): string => JSON.stringify(reply)
  if ((yield* stdio.stdinIsTerminal) && (yield* stdio.stdoutIsTerminal)) {
    return yield* Terminal.run(dialect, connection, {
      directory: defaultData(),
      write: to.json ? asJson : undefined
    })
  }
  const good = yield* Script.run(dialect, connection, to.json ? asJson : dialect.protocol.encodeReply)
  if (!good) yield* Effect.sync(() => void (process.exitCode = 1))
}, Effect.scoped)
