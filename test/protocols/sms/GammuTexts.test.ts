/** The texts that Gammu has received, out of its files and of the environment that its SMSD makes. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Backup from "../../../src/protocols/sms/gammu/Backup.ts"
import * as Environment from "../../../src/protocols/sms/gammu/Environment.ts"
import { section } from "../../support/SmsBackup.ts"

const number = "+33612345678"

describe("The environment of SMSD", () => {
  it("has a text that came in one message", () => {
    assert.deepStrictEqual(
      Environment.read({
        ...{ SMS_MESSAGES: "1", SMS_1_NUMBER: number, SMS_1_TEXT: "whoami", SMS_1_CLASS: "-1" },
        ...{ DECODED_PARTS: "0", PHONE_ID: "" }
      }),
      [{ number, text: "whoami" }]
    )
  })

  it("has a text that came in parts, joined by SMSD, whether it counts from 0 or from 1", () => {
    const parts = {
      ...{ SMS_MESSAGES: "2", SMS_1_NUMBER: number, SMS_1_TEXT: "one, " },
      ...{ SMS_2_NUMBER: number, SMS_2_TEXT: "two" }
    }
    const whole = [{ number, text: "one, two" }]
    assert.deepStrictEqual(
      Environment.read({ ...parts, DECODED_PARTS: "1", DECODED_0_TEXT: "one, two" }),
      whole
    )
    assert.deepStrictEqual(
      Environment.read({ ...parts, DECODED_PARTS: "1", DECODED_1_TEXT: "one, two" }),
      whole
    )
    assert.deepStrictEqual(
      Environment.read({ ...parts, DECODED_PARTS: "2", DECODED_1_TEXT: "one, ", DECODED_2_TEXT: "two" }),
      whole
    )
    assert.deepStrictEqual(Environment.read(parts), whole)
  })

  it("has a text of ten parts in their order", () => {
    const parts = Array.from({ length: 10 }, (_, i) => ({
      [`SMS_${i + 1}_NUMBER`]: number,
      [`SMS_${i + 1}_TEXT`]: String.fromCharCode(97 + i)
    }))
    assert.deepStrictEqual(Environment.read({ SMS_MESSAGES: "10", ...Object.assign({}, ...parts) }), [
      { number, text: "abcdefghij" }
    ])
  })

  it("has none where what came was no text, and is none where SMSD has not made it", () => {
    assert.deepStrictEqual(Environment.read({ SMS_MESSAGES: "1", SMS_1_NUMBER: number }), [])
    assert.deepStrictEqual(Environment.read({ SMS_MESSAGES: "0", DECODED_PARTS: "0" }), [])
    assert.isUndefined(Environment.read({ PATH: "/bin", SMS_1_NUMBER: number, SMS_1_TEXT: "whoami" }))
    assert.isUndefined(Environment.read({ SMS_MESSAGES: "many" }))
  })
})

describe("A file of gammu backupsms", () => {
  const Texts = Arbitrary.array(Arbitrary.schema(Schema.NonEmptyString), { maxLength: 5 })

  it.prop("has the texts that were received, in UCS-2, however long", [Texts], ([texts]) => {
    const file = texts.map((text, at) => section({ at, number, text: text.repeat(60) })).join("\n")
    assert.deepStrictEqual(
      Backup.read(file),
      texts.map((text) => ({ number, text: text.repeat(60) }))
    )
  })

  const Order = Arbitrary.array(Arbitrary.schema(Schema.Finite), { minLength: 6, maxLength: 6 })

  it.prop("has the parts of each text joined, in whatever order they came", [Order], ([order]) => {
    const part = (udh: string, text: string, from = number) => ({ number: from, text, udh })
    const parts = [
      part("0500033E0301", "one "),
      part("0500033E0302", "two "),
      part("0500033E0303", "three"),
      // The same reference from somebody else, one of two bytes, and one behind another element.
      part("0500033E0101", "alone", "+33600000000"),
      part("0608043E3E0202", "b"),
      part("0B05040B8423F008043E3E0201", "a")
    ]
    const shuffled = parts
      .map((part, at) => ({ part, rank: order[at]! }))
      .toSorted((one, other) => one.rank - other.rank)
    const file = shuffled.map(({ part }, at) => section({ at, ...part })).join("\n")
    assert.sameDeepMembers(
      [...Backup.read(file)],
      [
        { number, text: "one two three" },
        { number: "+33600000000", text: "alone" },
        { number, text: "ab" }
      ]
    )
  })

  it("has nothing of what was sent, of what is no text, and of what is no message", () => {
    const file = [
      "; This file format was designed for Gammu and is compatible with Gammu+",
      section({ at: 0, number, text: "sent", state: "Sent" }),
      section({ at: 1, number, text: "to be sent", state: "UnSent" }),
      section({ at: 2, number, text: "read", state: "Read" }),
      section({ at: 3, number, text: "picture", coding: "8bit" }),
      section({ at: 4, number: "", text: "from nobody" }),
      section({ at: 5, number, text: "" }),
      "[Backup]\nFormat = 1.06\n"
    ].join("\n")
    assert.deepStrictEqual(Backup.read(file), [{ number, text: "read" }])
    assert.deepStrictEqual(Backup.read("help"), [])
    assert.deepStrictEqual(Backup.read(""), [])
  })

  it("has the number as it is in UCS-2, where it is", () => {
    const file = section({ at: 0, number, text: "hi" }).replace(
      "State",
      "NumberUnicode = 004F00720061006E0067006500E9\nState"
    )
    assert.deepStrictEqual(Backup.read(file), [{ number: "Orangeé", text: "hi" }])
  })
})
