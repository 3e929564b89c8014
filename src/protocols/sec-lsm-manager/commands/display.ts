import type { Reply } from "../Protocol.ts"
import { command, done } from "../Session.ts"

/** `display`: what the session holds, each group in the order given. */
export default command("display", (_, session) => {
  const replies: Array<Reply> = []
  if (session.failed) replies.push({ _tag: "ErrorOn" })
  if (session.id !== undefined) replies.push({ _tag: "StringId", id: session.id })
  for (const [path, type] of session.paths) replies.push({ _tag: "StringPath", path, type })
  for (const permission of session.permissions) replies.push({ _tag: "StringPermission", permission })
  for (const plug of session.plugs.values()) replies.push({ _tag: "StringPlug", ...plug })
  replies.push(done())
  return replies
})
