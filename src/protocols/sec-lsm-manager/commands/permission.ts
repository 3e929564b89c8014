import { command, done } from "../Session.ts"

/** `permission PERMISSION`: adds a permission that the application asks for, of 2 to 1024 characters. */
export default command("permission", ({ permission }, session) => {
  if (session.failed) return session.refuse("not-recoverable")
  if (session.permissions.has(permission)) return session.refuse("already-set")
  const length = characters(permission)
  if (length < 2 || length > 1024) return session.refuse("invalid")
  if (!session.reserve(permission.length)) return session.refuse("internal")
  session.permissions.add(permission)
  return done()
})

/** The number of characters; a surrogate pair is one, so that only near the limits there is anything to count. */
const characters = (text: string): number =>
  text.length > 3 && text.length <= 1024 ? text.length : Array.from(text).length
