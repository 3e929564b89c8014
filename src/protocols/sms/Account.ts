/**
 * The accounts of those who may log in by text message: accounts of the realm `sms`, whose names are numbers in the one
 * way to write them (`PhoneNumber`).
 */
import { Effect, Schema } from "effect"
import type * as SqlError from "effect/sql/SqlError"
import type { Accounts } from "../../accounts/Accounts.ts"
import * as PhoneNumber from "../../accounts/PhoneNumber.ts"
import { Role, sms as realm } from "../../accounts/Realm.ts"

/** Whoever has a number and may log in with it. */
export interface Account {
  readonly role: Role
  readonly email: string | undefined
}

const isRole = Schema.is(Role)

/** The account of a number; none also where its role is none of ours. */
export const find = (
  accounts: Accounts["Service"],
  number: string
): Effect.Effect<Account | undefined, SqlError.SqlError> =>
  // A name that is no number is nobody's here, whoever else is called so.
  PhoneNumber.normalise(number) === number
    ? accounts.find(realm, number).pipe(
        Effect.map(({ email, role }) => (isRole(role) ? { email, role } : undefined)),
        Effect.catchTag("UnknownAccount", () => Effect.undefined)
      )
    : Effect.undefined
