import { closing } from "../../../Protocol.ts"
import { command, done } from "../Session.ts"

const version = "1"

/** `sec-lsm-manager VERSION...`: the server picks the version it speaks. Only the first message may be one. */
export default command("hello", ({ versions }, session) => {
  if (session.messages > 1) return closing(session.refuse("protocol"))
  return versions.includes(version) ? done(version) : closing(session.refuse("invalid"))
})
