import { command } from "../Session.ts"

/** `use NAMESPACE`: what follows is about the keys of this namespace. */
export default command("use", ({ namespace }, { session }) => {
  session.namespace = namespace
  return { _tag: "ok" }
})
