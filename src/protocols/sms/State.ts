/**
 * The states of a session, and where it may go from each (notes on the specification, "Sessions").
 *
 *     GUEST -> LOGININPROGRESS -> USER -> GUEST
 *     GUEST -> USER                            with a password, at once
 *              LOGININPROGRESS -> GUEST        given up
 *
 * An account with the role ADMIN goes where USER does, into ADMIN, and from there to GUEST. Without an account there is
 * no way into either.
 */
import { Schema } from "effect"
import type { Role } from "../../accounts/Realm.ts"

export const State = Schema.Literals(["GUEST", "LOGININPROGRESS", "USER", "ADMIN"])
export type State = typeof State.Type

/** Where a session may go whose number has an account of this role; `undefined` where it has none. */
export const transitions = (from: State, role: Role | undefined): ReadonlyArray<State> => {
  const loggedIn = role === undefined ? [] : [role]
  switch (from) {
    case "GUEST":
      return ["LOGININPROGRESS", ...loggedIn]
    case "LOGININPROGRESS":
      return [...loggedIn, "GUEST"]
    case "USER":
    case "ADMIN":
      return ["GUEST"]
  }
}

/**
 * The state of a session whose number's account may have changed since: somebody who is logged in is what his account
 * says now, and a guest where it is gone.
 */
export const settled = (state: State, role: Role | undefined): State =>
  state === "USER" || state === "ADMIN" ? (role ?? "GUEST") : state
