/** What an account is told to be on the command line. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as AccountName from "../../src/cli/AccountName.ts"

const profile = (
  realm: string,
  told: { readonly name?: string; readonly number?: string; readonly role?: "USER" | "ADMIN" }
) =>
  AccountName.profile({
    realm,
    name: Option.fromUndefinedOr(told.name),
    number: Option.fromUndefinedOr(told.number),
    role: Option.fromUndefinedOr(told.role)
  })

describe("A new account", () => {
  it.effect("of sms has a number for its name, however that is given, and is a user's unless told", () =>
    Effect.gen(function* () {
      const user = { name: "+33612345678", role: "USER", isPasswordOptional: true }
      assert.deepStrictEqual(yield* profile("sms", { number: "0033 6 12 34 56 78" }), {
        ...user,
        role: "USER"
      })
      assert.deepStrictEqual(yield* profile("sms", { name: "+33-612-345-678", role: "ADMIN" }), {
        ...user,
        role: "ADMIN"
      })
    })
  )

  it.effect("of any other realm has a name, no role, and a password", () =>
    Effect.gen(function* () {
      const ada = { name: "Ada", role: undefined, isPasswordOptional: false }
      assert.deepStrictEqual(yield* profile("exon", { name: "Ada" }), ada)
    })
  )

  it.effect("that cannot be is refused with what is wrong with it", () =>
    Effect.gen(function* () {
      const refusals = [
        [profile("sms", { number: "0612345678" }), /a phone number with the code of its country/],
        [profile("sms", { name: "ada" }), /a phone number with the code of its country/],
        [profile("sms", {}), /--number is missing/],
        [profile("sms", { name: "+33612345678", number: "+33612345678" }), /not both/],
        [profile("exon", {}), /NAME is missing/],
        [profile("exon", { name: " ada" }), /a name has 1 to 64 characters/],
        [profile("exon", { number: "+33612345678" }), /only accounts of sms have a number/],
        [profile("exon", { name: "ada", role: "USER" }), /only accounts of sms have a role/]
      ] as const
      for (const [refused, why] of refusals) assert.match((yield* Effect.flip(refused)).message, why)
    })
  )
})

describe("An account that is there", () => {
  it.effect("is found by whatever way to write its number", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* AccountName.inRealm("sms", "00 33 612.345.678"), "+33612345678")
      assert.strictEqual(yield* AccountName.inRealm("exon", "Ada"), "Ada")
    })
  )
})
