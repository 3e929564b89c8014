import { Command, Protocol } from "../../../src/index.ts"
import { Kv } from "../Protocol.ts"

/** `quit`: ends the connection. */
export default Command.layer(Kv, "quit", () => Protocol.closing({ _tag: "ok" }))
