import { command, done } from "../Session.ts"

/** `clear`: the session is as new, its error flag down. */
export default command("clear", (_, session) => {
  session.clear()
  return done()
})
