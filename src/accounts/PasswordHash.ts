/**
 * What is stored of a password: an Argon2id hash with its salt and the costs it was made with, in the PHC string
 * format that other programs read too:
 *
 *     $argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$bQ8mT...
 *
 * This module only reads and writes it; `Derivation.ts` makes and checks it.
 */
import { Option, Result } from "effect"
import * as Base64 from "effect/encoding/Base64"

/** What a derivation costs: memory in KiB, passes over it, lanes. */
export interface Costs {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

/** A hash as it is stored. */
export interface PasswordHash {
  readonly costs: Costs
  readonly salt: Uint8Array
  readonly tag: Uint8Array
}

/** OWASP's parameters for Argon2id: 19 MiB, 2 passes, 1 lane. */
export const recommended: Costs = { memory: 19_456, passes: 2, parallelism: 1 }

/** The bytes of a salt and of a hash that are made today. */
export const saltLength = 16
export const tagLength = 32

// The version of Argon2, 1.3, that every implementation of today has.
const version = 19

const pattern =
  /^\$argon2id\$v=(\d{1,3})\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,8})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** The PHC string. */
export const format = ({ costs, salt, tag }: PasswordHash): string =>
  `$argon2id$v=${version}$m=${costs.memory},t=${costs.passes},p=${costs.parallelism}$${bare(salt)}$${bare(tag)}`

/** Reads a PHC string; none where it is not Argon2id's, of this version. */
export const parse = (text: string): Option.Option<PasswordHash> => {
  const match = pattern.exec(text)
  if (match === null || Number(match[1]) !== version) return Option.none()
  const [memory, passes, parallelism] = match.slice(2, 5).map(Number) as [number, number, number]
  return Option.map(
    Option.all({ salt: fromBare(match[5]!), tag: fromBare(match[6]!) }),
    ({ salt, tag }): PasswordHash => ({ costs: { memory, passes, parallelism }, salt, tag })
  )
}

/** Whether a hash is weaker in anything than those made today with these costs. */
export const isWeaker = ({ costs, salt, tag }: PasswordHash, today: Costs): boolean =>
  costs.memory < today.memory ||
  costs.passes < today.passes ||
  costs.parallelism < today.parallelism ||
  salt.length < saltLength ||
  tag.length < tagLength

// PHC strings have Base64 without its padding.
const bare = (bytes: Uint8Array): string => Base64.encode(bytes).replaceAll("=", "")

const fromBare = (text: string): Option.Option<Uint8Array> =>
  Result.getSuccess(Base64.decode(text.padEnd(Math.ceil(text.length / 4) * 4, "=")))
