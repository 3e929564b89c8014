import * as Command from "../../../Command.ts"
import { closing } from "../../../Protocol.ts"
import { Exon } from "../Protocol.ts"

/** `quit`: ends the connection. */
export default Command.layer(Exon, "quit", () => closing())
