/** What a connection decides, as tables and properties: without a socket, a fiber or a handler. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { Framing, Message, Protocol, Syntax } from "../../src/index.ts"
import * as State from "../../src/server/state.ts"

const Say = Message.make("say", { text: Syntax.Word })
const Enter = Message.make("enter", {})
const Content = Message.make("content", { text: Syntax.Word })
const Said = Message.make("said", { text: Syntax.Word })
const No = Message.make("no", {})

const Modal = Protocol.make({
  name: "modal",
  framing: Framing.lines({ maxLength: 100, escape: "\\", write: "\r\n" }),
  request: Syntax.words([Say, Enter]),
  reply: Syntax.words([Said, No]),
  modes: { content: { request: Syntax.words([Content]) } },
  isError: ({ _tag }) => _tag === "no",
  onInvalid: { _tag: "no" },
  onDefect: { _tag: "no" }
})

const open = State.initial(Modal.grammar)
const inContent = State.inMode(open, Modal.modes.get("content")!)
const closing = State.closing(open)
const tooLong = Framing.tooLong(100)

const throwing: State.ConnectionState = {
  ...open,
  grammar: {
    ...Modal.grammar,
    decode: () => {
      throw new Error("a codec that throws")
    }
  }
}

describe("The decision about a frame", () => {
  const rows: ReadonlyArray<readonly [string, State.ConnectionState, string | Framing.InvalidFrame, string]> =
    [
      ["calls the handler of a request", open, "say a", "Call say"],
      ["answers what no message reads like", open, "what", "Reject UnknownMessage"],
      ["answers a message with a wrong number of fields", open, "say", "Reject TooFewFields"],
      ["answers a frame that is invalid", open, tooLong, "Reject TooLong"],
      ["reads a mode's messages in that mode", inContent, "content a", "Call content"],
      ["reads none of the other messages in a mode", inContent, "say a", "Reject UnknownMessage"],
      ["reads none of a mode's messages outside of it", open, "content a", "Reject UnknownMessage"],
      ["goes on with requests when the input has ended", State.ended(open), "say a", "Call say"],
      ["discards a request behind an answer that closes", closing, "say a", "Discard"],
      ["discards what is invalid there, too", closing, tooLong, "Discard"],
      ["fails for a codec that throws, and for nothing else", throwing, "say a", "Fail"]
    ]
  for (const [name, state, frame, expected] of rows) {
    it(name, () => {
      const step = State.step(state, frame)
      const what =
        step._tag === "Call"
          ? ` ${step.request._tag}`
          : step._tag === "Reject"
            ? ` ${step.problem._tag === "InvalidFrame" ? step.problem.reason : step.problem.reason._tag}`
            : ""
      assert.strictEqual(step._tag + what, expected)
      assert.strictEqual(step.state.frames, state.frames + (step._tag === "Discard" ? 0 : 1))
      assert.strictEqual(step.state.phase, state.phase)
      assert.strictEqual(step.state.grammar, state.grammar)
    })
  }

  const Line = Schema.Literals(["say a", "enter", "say", "what", "content b", "\\"])

  it.prop(
    "leaves the state that it was given as it is",
    [Arbitrary.array(Arbitrary.schema(Line))],
    ([lines]) => {
      let state = open
      const states: Array<State.ConnectionState> = []
      for (const line of lines) {
        const before = { ...state }
        const next = State.step(state, line).state
        assert.deepStrictEqual(state, before)
        states.push(state)
        state = next
      }
      assert.deepStrictEqual(
        states.map(({ frames }) => frames),
        lines.map((_, index) => index)
      )
    }
  )
})

describe("What an answer makes of a connection", () => {
  const said = (text: string) => ({ _tag: "said", text }) as const
  const no = { _tag: "no" } as const

  const rows: ReadonlyArray<
    readonly [
      string,
      Protocol.Answer<Protocol.Reply<typeof Modal>>,
      string,
      State.ConnectionState["phase"],
      boolean
    ]
  > = [
    ["one reply is one frame", said("a"), "said a\r\n", "open", false],
    ["several go out in their order", [said("a"), said("b")], "said a\r\nsaid b\r\n", "open", false],
    ["none is nothing", [], "", "open", false],
    ["an error is counted as one", [said("a"), no], "said a\r\nno\r\n", "open", true],
    [
      "a closing answer closes behind its replies",
      Protocol.closing<Protocol.Reply<typeof Modal>>(said("a"), no),
      "said a\r\nno\r\n",
      "closing",
      true
    ],
    ["a closing answer may say nothing", Protocol.closing(), "", "closing", false]
  ]
  for (const [name, answer, text, phase, isError] of rows) {
    it(name, () => {
      const output = State.reply(Modal, open, answer)
      assert.deepStrictEqual(
        { text: output.text, phase: output.state.phase, isError: output.isError },
        { text, phase, isError }
      )
      if (phase === "open") assert.strictEqual(output.state, open)
    })
  }

  it("is an error that is thrown, and changes nothing, where the protocol cannot say it", () => {
    assert.throws(() => State.reply(Modal, open, [said("a"), said("\0")]))
    assert.strictEqual(open.phase, "open")
  })

  it.prop(
    "reads back as the replies that it was made of",
    [Arbitrary.array(Arbitrary.schema(Modal.reply))],
    ([replies]) => {
      const decoder = Modal.replyFraming.decoder()
      const frames = decoder.push(new TextEncoder().encode(State.reply(Modal, open, replies).text))
      assert.deepStrictEqual(
        frames.map((frame) => (typeof frame === "string" ? Modal.decodeReply(frame) : frame)),
        replies
      )
    }
  )
})

describe("The end of the input", () => {
  it("ends a connection that is open, and leaves one alone that is closing", () => {
    assert.strictEqual(State.ended(open).phase, "ended")
    assert.strictEqual(State.ended(closing).phase, "closing")
  })
})
