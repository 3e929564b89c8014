/**
 * What an account is told to be on the command line: its name, which in the realm `sms` is a phone number, its e-mail
 * address, and its role.
 */
import { Effect, Option, Schema } from "effect"
import { Argument, Flag } from "effect/cli"
import * as Email from "../accounts/Email.ts"
import * as Name from "../accounts/Name.ts"
import * as PhoneNumber from "../accounts/PhoneNumber.ts"
import { Role, sms } from "../accounts/Realm.ts"

/** An account cannot be what it is told to be; the message says why. */
export class BadAccount extends Schema.TaggedError<BadAccount>()("BadAccount", {
  message: Schema.String
}) {}

const bad = (message: string) => Effect.fail(new BadAccount({ message }))

export const name = Argument.String("name").pipe(
  Argument.withMetavar("NAME"),
  Argument.withDescription(
    "The name to log in with, in capitals or not; in sms the number, such as +33612345678"
  )
)

export const number = Flag.String("number").pipe(
  Flag.withMetavar("NUMBER"),
  Flag.withDescription("The phone number, such as +33612345678, which is the name of an account of sms"),
  Flag.optional
)

export const email = Flag.String("email").pipe(
  Flag.withSchema(Schema.String.check(Schema.makeFilter(Email.isValid, { expected: "an e-mail address" }))),
  Flag.withMetavar("ADDRESS"),
  Flag.withDescription("The e-mail address, which login codes are sent to"),
  Flag.optional
)

export const role = Flag.Literals("role", Role.literals).pipe(
  Flag.withMetavar(Role.literals.join("|")),
  Flag.withDescription("What an account of sms may do (default: USER)"),
  Flag.optional
)

/** The name of an account of this realm in the one way to write it. */
export const inRealm = (realm: string, given: string): Effect.Effect<string, BadAccount | Name.BadName> => {
  if (realm === sms) {
    const number = PhoneNumber.normalise(given)
    return number === undefined
      ? bad("an account of sms is a phone number with the code of its country, such as +33612345678")
      : Effect.succeed(number)
  }
  return Name.isValid(given) ? Effect.succeed(given) : Effect.fail(new Name.BadName({ username: given }))
}

/** What a new account is to be. */
export interface Profile {
  readonly name: string
  readonly role: Role | undefined
  /** Whether it is of use without a password. */
  readonly isPasswordOptional: boolean
}

/** Puts together what the command line tells of a new account. */
export const profile = Effect.fnUntraced(function* (told: {
  readonly realm: string
  readonly name: Option.Option<string>
  readonly number: Option.Option<string>
  readonly role: Option.Option<Role>
}): Effect.fn.Return<Profile, BadAccount | Name.BadName> {
  const isSms = told.realm === sms
  if (!isSms && Option.isSome(told.number)) return yield* bad("only accounts of sms have a number for a name")
  if (!isSms && Option.isSome(told.role)) return yield* bad("only accounts of sms have a role")
  if (Option.isSome(told.number) && Option.isSome(told.name))
    return yield* bad("give NAME or --number, not both")
  const given = Option.getOrUndefined(Option.orElse(told.number, () => told.name))
  if (given === undefined) return yield* bad(isSms ? "--number is missing" : "NAME is missing")
  return {
    name: yield* inRealm(told.realm, given),
    role: isSms ? Option.getOrElse(told.role, () => "USER" as const) : undefined,
    isPasswordOptional: isSms
  }
})
