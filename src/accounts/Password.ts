/**
 * What a password must be like, and the bytes that are derived from.
 */
import { Redacted, Schema } from "effect"
import * as Name from "./Name.ts"

/** The fewest characters of a password, where a protocol does not say otherwise. */
export const minLength = 10

/** The most bytes of a password, in UTF-8. */
export const maxBytes = 1024

/** A password that an account may not have; what is wrong with it, never the password itself. */
export class BadPassword extends Schema.TaggedError<BadPassword>()("BadPassword", {
  reason: Schema.Literals(["TooShort", "TooLong", "IsName"]),
  minLength: Schema.Int
}) {
  override get message(): string {
    switch (this.reason) {
      case "TooShort":
        return `a password has at least ${this.minLength} characters`
      case "TooLong":
        return `a password has at most ${maxBytes} bytes`
      case "IsName":
        return "a password is not the name"
    }
  }
}

/** Why an account of this name may not have this password; `undefined` where it may. */
export const problemWith = (
  password: Redacted.Redacted,
  username: string,
  fewest: number = minLength
): BadPassword | undefined => {
  const text = Redacted.value(password)
  const reason =
    toBytes(password) === undefined
      ? "TooLong"
      : Array.from(text).length < fewest
        ? "TooShort"
        : Name.fold(text) === Name.fold(username)
          ? "IsName"
          : undefined
  return reason && new BadPassword({ reason, minLength: fewest })
}

/**
 * The bytes to derive from; `undefined` where there are too many for any account's password. Keyboards and systems
 * write the same characters in different ways, so they are brought to one form first (NFKC, as RFC 8265 nearly has it).
 */
export const toBytes = (password: Redacted.Redacted): Uint8Array | undefined => {
  const text = Redacted.value(password)
  // A unit makes a byte at least, and nobody's password makes us normalise a megabyte.
  if (text.length > maxBytes) return undefined
  const bytes = new TextEncoder().encode(text.normalize("NFKC"))
  return bytes.length > maxBytes ? undefined : bytes
}
