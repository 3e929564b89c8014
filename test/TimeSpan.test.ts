import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Exit, Schema } from "effect"
import { TimeSpan } from "../src/TimeSpan.ts"

const decode = Schema.decodeUnknownExit(TimeSpan)

const units = { s: 1, m: 60, h: 3600 }

describe("A length of time", () => {
  it.prop(
    "is a number and its unit, and is written so that it is read again",
    {
      count: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 999_999_999 }))),
      unit: Arbitrary.schema(Schema.Literals(["s", "m", "h"]))
    },
    ({ count, unit }) => {
      const exit = decode(`${count}${unit}`)
      assert.isTrue(Exit.isSuccess(exit))
      if (Exit.isFailure(exit)) return
      assert.strictEqual(Duration.toSeconds(exit.value), count * units[unit])
      assert.deepStrictEqual(decode(Schema.encodeSync(TimeSpan)(exit.value)), exit)
    }
  )

  for (const text of ["", "0s", "10", "s", "-1s", "1.5h", "1 h", "1d", "1S", "1234567890s", "1s\n", "off"]) {
    it(`is not ${JSON.stringify(text)}, and the message says what is`, () =>
      assert.include(String(decode(text)), "Expected a time such as 30s, 10m or 2h"))
  }
})
