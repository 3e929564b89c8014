import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import { Framing } from "../../src/index.ts"
import { answersTo } from "../support/Conversation.ts"
import { cut, Places } from "../support/Frames.ts"
import { layer, plain, wordOf } from "../support/Modal.ts"

const block = Framing.dotBlock({ maxLength: 1000, encoding: "latin1" })

/** Something that a peer sends, and what the server says to it. */
type Exchange = readonly [sent: string, received: string]

const entering = (mode: string, how: string, [sent, received]: Exchange): Exchange => [
  `enter ${mode} ${how}\n${sent}`,
  `said ${mode}\n${received}`
]

const say: Exchange = ["say hello\n", "said hello\n"]
const unknown: Exchange = ["sing hello\n", "failed invalid\n"]

const contentOf = (content: string): Exchange => {
  const complete = content === "" || content.endsWith("\r\n") ? content : content + "\r\n"
  const reply = complete.length > 50 ? "failed too-long" : `said ${wordOf(complete)}`
  return [block.encode(content), `${reply}\n`]
}

const itemsOf = (items: ReadonlyArray<string>): Exchange => [
  [...items, ""].map((item) => `${item};`).join(""),
  [...items, ""]
    .map((item) =>
      item.length > 10
        ? "failed too-long\n"
        : item.includes("!")
          ? "failed invalid\n"
          : `said ${wordOf(item)}\n`
    )
    .join("")
]

/** How a handler switches, and what is sent then: what looks like requests of other modes, or like the end of a block. */
const How = Schema.Literals(["plainly", "at-once", "later"])
const Contents = Schema.Array(
  Schema.Literals([
    "say x\r\n",
    "say y\n",
    ".",
    "\r\n",
    "\n.\n",
    "\r.\r",
    ";",
    ";;",
    "enter items later\r\n",
    "é\xff"
  ])
)
const Items = Schema.Array(
  Schema.Literals(["a", "say x\n", "\r\n.\r\n", "é\xff", "no!", "0123456789", "01234567890123456789\n"])
)
const Exchanges = Arbitrary.map(
  Arbitrary.schema(
    Schema.Array(
      Schema.Union([
        Schema.TaggedStruct("line", { line: Schema.Literals(["say", "unknown"]) }),
        Schema.TaggedStruct("block", { how: How, contents: Contents }),
        Schema.TaggedStruct("items", { how: How, items: Items })
      ])
    )
  ),
  (parts) =>
    parts.map((part): Exchange => {
      switch (part._tag) {
        case "line":
          return part.line === "say" ? say : unknown
        case "block":
          return entering("block", part.how, contentOf(part.contents.join("")))
        case "items":
          return entering("items", part.how, itemsOf(part.items))
      }
    })
)

/** Compares all that the server says to an exchange that is sent in one chunk. */
const converse = (exchange: ReadonlyArray<Exchange>, served = layer()) =>
  Effect.map(
    answersTo(served, [Buffer.from(exchange.map(([sent]) => sent).join(""), "latin1")]),
    (received) => assert.strictEqual(received, exchange.map(([, received]) => received).join(""))
  )

describe("a connection's mode", () => {
  it.effect.prop(
    "decides about everything behind the request that switched it, however the bytes are cut",
    [Exchanges, Places],
    ([exchanges, places]) =>
      Effect.gen(function* () {
        const bytes = Buffer.from(exchanges.map(([sent]) => sent).join(""), "latin1")
        assert.strictEqual(
          yield* answersTo(layer(), cut(bytes, places)),
          exchanges.map(([, received]) => received).join("")
        )
      }),
    { arbitrary: { runs: 400 } }
  )

  for (const how of ["plainly", "at-once", "later"]) {
    it.effect(`is switched for the rest of the chunk by a handler that switches ${how}`, () =>
      converse([
        entering("block", how, contentOf("say x\r\n")),
        say,
        entering("items", how, itemsOf(["say y\n"])),
        say
      ])
    )
  }

  it.effect("stays as it is for invalid frames, unless the handler of these switches it", () =>
    converse([
      entering("items", "plainly", itemsOf(["no!", "01234567890", "a"])),
      entering("block", "plainly", contentOf("say x\r\n".repeat(20))),
      say
    ])
  )

  it.effect("stays as it is for invalid frames where only the protocol answers these", () =>
    converse(
      [
        ["enter block plainly\n", "said block\n"],
        [block.encode("x".repeat(60)), "failed too-long\n"],
        ["say x\n\r\n.\r\n", `said ${wordOf("say x\n\r\n")}\n`],
        say
      ],
      plain
    )
  )

  it.effect("is switched even by a handler that dies then", () =>
    converse([["die\n", "failed internal\n"], contentOf("say x\r\n"), say])
  )

  it.effect("cannot be one that the protocol does not have", () =>
    converse([
      ["enter nowhere plainly\n", "failed internal\n"],
      ["enter nowhere later\n", "failed internal\n"],
      say
    ])
  )
})
