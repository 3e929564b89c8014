/**
 * Making and checking password hashes, a few at a time.
 *
 * A derivation takes some 20 MiB and 20 ms of a core, in the thread pool of Node and so beside the event loop. That
 * pool has four threads unless told, which files and names need too, and whoever may log in may ask for derivations
 * as fast as he can write; so few run at once, the others wait their turn in order, and beyond a certain number waiting
 * there is no use in waiting.
 */
import { Effect, Option, Schema, Semaphore } from "effect"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Kdf from "effect/crypto/Kdf"
import * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as PasswordHash from "./PasswordHash.ts"

/** How password hashes are made. */
export interface DerivationOptions {
  /** What a hash that is made today costs; OWASP's parameters unless told. */
  readonly costs?: PasswordHash.Costs | undefined
  /** The most derivations at once; 2 unless told. */
  readonly concurrency?: number | undefined
  /** The most that wait for one of those; 1,000 unless told, which is some ten seconds' worth. */
  readonly maxWaiting?: number | undefined
}

/** So many passwords wait to be checked that this one was not. */
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", {}) {
  override get message(): string {
    return "too many passwords are being checked; try again later"
  }
}

/** Makes and checks hashes. */
export interface Derivation {
  /**
   * Runs an effect when its turn comes, or fails at once where too many wait. Once it has begun, it runs to its end,
   * for a derivation cannot be stopped and a peer that hangs up is not to save himself the rest.
   */
  readonly inTurn: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Overloaded, R>
  /** A new hash of a password, with today's costs. */
  readonly make: (password: Uint8Array) => Effect.Effect<PasswordHash.PasswordHash>
  /**
   * Whether the hash is this password's. Without a hash it is not, and finding out takes as long as with one that was
   * made today. The comparison takes as long wherever the first difference is.
   */
  readonly verify: (
    password: Uint8Array,
    hash: Option.Option<PasswordHash.PasswordHash>
  ) => Effect.Effect<boolean>
  /** Whether a hash is weaker than those made today. */
  readonly isWeak: (hash: PasswordHash.PasswordHash) => boolean
}

/** Fails where this Node has no Argon2id. */
export const make = Effect.fnUntraced(function* ({
  concurrency = 2,
  costs = PasswordHash.recommended,
  maxWaiting = 1000
}: DerivationOptions): Effect.fn.Return<
  Derivation,
  CryptoError.CryptoError,
  Kdf.Kdf | SecureRandom.SecureRandom
> {
  const kdf = yield* Kdf.Kdf
  const { randomBytes } = yield* SecureRandom.SecureRandom
  yield* kdf.derive(Kdf.argon2id({ memory: 8, passes: 1, parallelism: 1 }), new Uint8Array(1), {
    salt: new Uint8Array(PasswordHash.saltLength),
    length: PasswordHash.tagLength
  })

  const derive = (
    costs: PasswordHash.Costs,
    password: Uint8Array,
    salt: Uint8Array,
    length: number
  ): Effect.Effect<Uint8Array> => Effect.orDie(kdf.derive(Kdf.argon2id(costs), password, { salt, length }))

  // Random, so that no password is known to make it.
  const nobodys: PasswordHash.PasswordHash = {
    costs,
    salt: yield* randomBytes(PasswordHash.saltLength),
    tag: yield* randomBytes(PasswordHash.tagLength)
  }

  const turns = yield* Semaphore.make(concurrency)
  let admitted = 0

  return {
    inTurn: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.suspend((): Effect.Effect<A, E | Overloaded, R> => {
        if (admitted >= concurrency + maxWaiting) return Effect.fail(new Overloaded({}))
        admitted++
        return Effect.ensuring(
          turns.withPermit(Effect.uninterruptible(effect)),
          Effect.sync(() => {
            admitted--
          })
        )
      }),
    make: Effect.fn("Derivation.make")(function* (password) {
      const salt = yield* randomBytes(PasswordHash.saltLength)
      return { costs, salt, tag: yield* derive(costs, password, salt, PasswordHash.tagLength) }
    }),
    verify: Effect.fn("Derivation.verify")(function* (password, hash) {
      const { costs, salt, tag } = Option.getOrElse(hash, () => nobodys)
      const same = Mac.timingSafeEqual(yield* derive(costs, password, salt, tag.length), tag)
      return same && Option.isSome(hash)
    }),
    isWeak: (hash) => PasswordHash.isWeaker(hash, costs)
  }
})
