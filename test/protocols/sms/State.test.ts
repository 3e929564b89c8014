/** Where a session may go, beside the words of the notes. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Role } from "../../../src/accounts/Realm.ts"
import { settled, State, transitions } from "../../../src/protocols/sms/State.ts"

/** "From GUEST to LOGININPROGRESS or USER; from LOGININPROGRESS to USER or GUEST; from USER to GUEST". */
const ofUsers: Readonly<Record<string, ReadonlyArray<string>>> = {
  GUEST: ["LOGININPROGRESS", "USER"],
  LOGININPROGRESS: ["USER", "GUEST"],
  USER: ["GUEST"]
}

/** "an account with the role ADMIN goes where USER does, into ADMIN, and from there to GUEST". */
const ofAdmins = (from: string): ReadonlyArray<string> =>
  (ofUsers[from === "ADMIN" ? "USER" : from] ?? []).map((state) => (state === "USER" ? "ADMIN" : state))

describe("A session", () => {
  it("of a user's number goes where the notes let it", () => {
    for (const from of ["GUEST", "LOGININPROGRESS", "USER"] as const) {
      assert.sameMembers([...transitions(from, "USER")], [...ofUsers[from]!])
    }
  })

  it("of an admin's number goes where a user's does, into ADMIN instead", () => {
    for (const from of ["GUEST", "LOGININPROGRESS", "ADMIN"] as const) {
      assert.sameMembers([...transitions(from, "ADMIN")], [...ofAdmins(from)])
    }
  })

  it("of a number without an account becomes neither a user's nor an admin's", () => {
    assert.deepStrictEqual([...transitions("GUEST", undefined)], ["LOGININPROGRESS"])
    assert.deepStrictEqual([...transitions("LOGININPROGRESS", undefined)], ["GUEST"])
  })

  it.prop(
    "never stays where it is, and from wherever it is there is a way back to GUEST",
    [State, Schema.UndefinedOr(Role)],
    ([from, role]) => {
      const next = transitions(from, role)
      assert.notInclude(next, from)
      assert.isTrue(from === "GUEST" || next.includes("GUEST"))
    }
  )

  it.prop(
    "that is logged in is what its account says now, and any other stays as it is",
    [State, Schema.UndefinedOr(Role)],
    ([state, role]) => {
      const isLoggedIn = state === "USER" || state === "ADMIN"
      assert.strictEqual(settled(state, role), isLoggedIn ? (role ?? "GUEST") : state)
    }
  )
})
