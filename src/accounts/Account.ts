/**
 * An account, what one is made with, and why it cannot be made or logged in to.
 */
import { type DateTime, Schema } from "effect"

/** An account, its name as it was given when it was made. */
export interface Account {
  readonly realm: string
  readonly name: string
  readonly created: DateTime.Utc
  readonly email: string | undefined
  /** What the realm lets it do, in the realm's own words. */
  readonly role: string | undefined
}

/** An account in a list. */
export interface Listed extends Account {
  /** Until when its logins are refused, where they are. */
  readonly lockedUntil: DateTime.Utc | undefined
}

/** Why a login failed. It is for the audit trail; the peer is not to know. */
export const LoginFailure = Schema.Literals([
  "UnknownName",
  "WrongPassword",
  "NameLocked",
  "AddressLocked",
  "Overloaded"
])
export type LoginFailure = typeof LoginFailure.Type

/**
 * A login failed. Its message says no more than that; the other fields are for the audit trail. `Overloaded` counts as
 * no failure, for nobody looked at the password.
 */
export class LoginFailed extends Schema.TaggedError<LoginFailed>()("LoginFailed", {
  realm: Schema.String,
  /** The name as the peer gave it. */
  username: Schema.String,
  address: Schema.String,
  reason: LoginFailure
}) {
  override get message(): string {
    return "login failed"
  }
}

/**
 * A peer could not make an account for itself. The reason is for the log; the peer is told no more than that, for else it
 * would learn which names there are.
 */
export class RegistrationFailed extends Schema.TaggedError<RegistrationFailed>()("RegistrationFailed", {
  realm: Schema.String,
  username: Schema.String,
  address: Schema.String,
  reason: Schema.Literals(["NameTaken", "BadName", "BadPassword", "AddressLocked", "Overloaded"])
}) {
  override get message(): string {
    return "registration failed"
  }
}

/** There is an account already whose name differs at most in case. */
export class NameTaken extends Schema.TaggedError<NameTaken>()("NameTaken", {
  realm: Schema.String,
  username: Schema.String
}) {
  override get message(): string {
    return `there is ${this.username} in ${this.realm} already`
  }
}

/** There is no account of this name in the realm. */
export class UnknownAccount extends Schema.TaggedError<UnknownAccount>()("UnknownAccount", {
  realm: Schema.String,
  username: Schema.String
}) {
  override get message(): string {
    return `there is no ${this.username} in ${this.realm}`
  }
}

/** What a new password must be like. */
export interface PasswordOptions {
  /** The fewest characters; 10 unless told. */
  readonly minLength?: number | undefined
}

/** What else a new account has. */
export interface AccountOptions extends PasswordOptions {
  readonly email?: string | undefined
  readonly role?: string | undefined
}
