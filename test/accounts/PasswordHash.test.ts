/** Password hashes as they are stored. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { Kdf } from "effect/crypto"
import * as PasswordHash from "../../src/accounts/PasswordHash.ts"

const Positive = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 16_777_215 }))
const Bytes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))).check(
  Schema.isMinLength(1),
  Schema.isMaxLength(64)
)

const AnyHash = Schema.Struct({
  costs: Schema.Struct({ memory: Positive, passes: Positive, parallelism: Positive }),
  salt: Bytes,
  tag: Bytes
})

const toHash = ({ costs, salt, tag }: typeof AnyHash.Type): PasswordHash.PasswordHash => ({
  costs,
  salt: Uint8Array.from(salt),
  tag: Uint8Array.from(tag)
})

// Of Argon2's reference implementation (its test.c).
const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

describe("a password hash", () => {
  it.prop("is read back from its PHC string", [AnyHash], ([any]) => {
    const hash = toHash(any)
    assert.deepStrictEqual(PasswordHash.parse(PasswordHash.format(hash)), Option.some(hash))
  })

  it.prop("is read from no other text", [Schema.String], ([text]) => {
    assert.isTrue(Option.isNone(PasswordHash.parse(text)))
    assert.isTrue(Option.isNone(PasswordHash.parse(reference + "$" + text)))
  })

  for (const [what, text] of [
    ["of another kind", reference.replace("argon2id", "argon2i")],
    ["of another version", reference.replace("v=19", "v=16")],
    ["without its tag", reference.slice(0, reference.lastIndexOf("$"))],
    ["whose Base64 has an impossible length", reference.replace("c29tZXNhbHQ", "c29tZ")]
  ] as const) {
    it(`is not read when ${what}`, () => {
      assert.isTrue(Option.isNone(PasswordHash.parse(text)))
    })
  }

  it.effect("is the reference implementation's", () =>
    Effect.gen(function* () {
      const { costs, salt, tag } = Option.getOrThrow(PasswordHash.parse(reference))
      const kdf = yield* Kdf.Kdf
      const derived = yield* kdf.derive(Kdf.argon2id(costs), new TextEncoder().encode("password"), {
        salt,
        length: tag.length
      })
      assert.deepStrictEqual(derived, tag)
    }).pipe(Effect.provide(NodeCrypto.layerKdf))
  )

  it.prop("is weaker than today's when it has less of anything", [AnyHash, Positive], ([any, more]) => {
    const hash = { ...toHash(any), salt: new Uint8Array(16), tag: new Uint8Array(32) }
    const { costs } = hash
    assert.isFalse(PasswordHash.isWeaker(hash, costs))
    for (const cost of ["memory", "passes", "parallelism"] as const) {
      assert.isTrue(PasswordHash.isWeaker(hash, { ...costs, [cost]: costs[cost] + more }))
      assert.isFalse(
        PasswordHash.isWeaker({ ...hash, costs: { ...costs, [cost]: costs[cost] + more } }, costs)
      )
    }
    assert.isTrue(PasswordHash.isWeaker({ ...hash, salt: new Uint8Array(15) }, costs))
    assert.isTrue(PasswordHash.isWeaker({ ...hash, tag: new Uint8Array(31) }, costs))
  })
})
