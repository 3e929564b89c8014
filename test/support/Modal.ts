/**
 * A protocol with modes for the tests of the server. It begins with lines of words; in `block` a request is a block that a
 * dot ends; in `items` it is an item that a semicolon ends. A block leaves its mode; of the items, the empty one does.
 */
import { Effect, Schema } from "effect"
import { Command, Framing, Message, Protocol, Server, Syntax } from "../../src/index.ts"

const Said = Message.make("said", { text: Syntax.Word })
const Failed = Message.make("failed", { reason: Syntax.Word })

export const Modal = Protocol.make({
  name: "modal",
  framing: Framing.lines({ maxLength: 100, encoding: "latin1" }),
  request: Syntax.words(
    [
      Message.make("say", { text: Syntax.Word }),
      // Switches the mode: in the handler, in an Effect that ends at once, or in one that waits.
      Message.make("enter", {
        mode: Schema.Literals(["block", "items", "nowhere"]),
        how: Schema.Literals(["plainly", "at-once", "later"])
      }),
      Message.make("tls", {}),
      Message.make("encrypted", {}),
      Message.make("die", {})
    ],
    { escape: "none" }
  ),
  reply: Syntax.words([Said, Failed]),
  modes: {
    block: {
      framing: Framing.dotBlock({ maxLength: 50, encoding: "latin1" }),
      request: Syntax.whole(Message.make("content", { content: Schema.String }))
    },
    items: {
      framing: Framing.lines({ delimiter: ";", emptyLines: "keep", maxLength: 10, encoding: "latin1" }),
      request: Syntax.whole(Message.make("item", { item: Schema.String.check(Schema.isPattern(/^[^!]*$/)) }))
    }
  },
  onInvalid: (problem) => ({ _tag: "failed", reason: problem.reason === "TooLong" ? "too-long" : "invalid" }),
  onDefect: { _tag: "failed", reason: "internal" }
})

type Reply = Protocol.Reply<typeof Modal>

export const said = (text: string): Reply => ({ _tag: "said", text })

/** Text as one word. */
export const wordOf = (text: string): string => Buffer.from(text, "latin1").toString("hex")

const command = Command.define(Modal)

const commands = {
  say: command("say", ({ text }) => said(text)),
  enter: command("enter", ({ how, mode }, connection) => {
    const enter = () => {
      // The types keep this from others; a mode that is not there is a defect.
      connection.setMode(mode as "block")
      return said(String(connection.mode))
    }
    switch (how) {
      case "plainly":
        return enter()
      case "at-once":
        return Effect.sync(enter)
      case "later":
        return Effect.andThen(Effect.yieldNow, Effect.sync(enter))
    }
  }),
  content: command("content", ({ content }, connection) => {
    connection.setMode(undefined)
    return said(wordOf(content))
  }),
  item: command("item", ({ item }, connection) => {
    if (item === "") connection.setMode(undefined)
    return said(wordOf(item))
  }),
  tls: command("tls", (_, connection) => {
    connection.startTls()
    return said("go-ahead")
  }),
  encrypted: command("encrypted", (_, { canStartTls, isEncrypted }) =>
    said(`${isEncrypted} ${canStartTls}`.replace(" ", "-"))
  ),
  die: command("die", (_, connection) => {
    connection.setMode("block")
    throw new Error("thrown by a command")
  })
}

/** The server: a block that is invalid leaves its mode, too. */
export const layer = (
  options: Server.Limits &
    Pick<Server.Options<typeof Modal, never, never, never, typeof commands>, "greeting"> = {}
) =>
  Server.layer(Modal, {
    ...options,
    commands,
    onInvalid: (problem, connection) => {
      const { mode } = connection
      if (mode === "block") connection.setMode(undefined)
      const reply = Modal.onInvalid(problem, 0)
      return mode === undefined ? reply : Effect.as(Effect.yieldNow, reply)
    }
  })

/** The same with nothing but what the protocol says. */
export const plain = Server.layer(Modal, { commands })
