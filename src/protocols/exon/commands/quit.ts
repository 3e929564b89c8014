import { closing } from "../../../Protocol.ts"
import { command } from "../Session.ts"

/** `quit`: ends the connection. */
export default command("quit", () => closing())
