import { Protocol } from "../../../src/index.ts"
import { command } from "../Session.ts"

/** `quit`: ends the connection. */
export default command("quit", () => Protocol.closing({ _tag: "ok" }))
