import { Schema } from "effect"
import { ApplicationId } from "../Application.ts"
import { command, done } from "../Session.ts"

const isApplicationId = Schema.is(ApplicationId)

/** `id ID`: sets the application's id, once. */
export default command("id", ({ id }, session) => {
  if (session.failed) return session.refuse("not-recoverable")
  if (session.id !== undefined) return session.refuse("already-set")
  if (!isApplicationId(id)) return session.refuse("invalid")
  session.id = id
  return done()
})
