import { assert, describe, it } from "@effect/vitest"
import { Replies } from "../../src/client/Replies.ts"
import { Framing, Message, Protocol, Syntax } from "../../src/index.ts"

const Join = Message.make("join", { room: Syntax.Word })
const Leave = Message.make("leave", {})
const List = Message.make("list", {})
const Room = Message.make("room", { members: Syntax.Integer })
const Line = Message.make("line", { text: Syntax.Word })

/** In a room, a line is what another member says; elsewhere, `list` is answered by one. */
const Chat = Protocol.make({
  name: "chat",
  framing: Framing.lines({ maxLength: 100 }),
  request: Syntax.words([Join, Leave, List]),
  reply: Syntax.words([Room, Line]),
  greeting: { _tag: "line", text: "welcome" },
  unsolicited: ["line"],
  memory: { initial: 0, next: (members, reply) => (reply._tag === "room" ? reply.members : members) },
  isUnsolicited: (_line, _oldest, members) => members > 0
})

type Request = Protocol.Request<typeof Chat>
type Reply = Protocol.Reply<typeof Chat>

const line = (text: string): Reply => ({ _tag: "line", text })
const room = (members: number): Reply => ({ _tag: "room", members })

/** What became of the frames of a server, the first of which is its greeting: what answers what, and what was pushed. */
const receive = (requests: ReadonlyArray<Request>, frames: ReadonlyArray<Reply>) => {
  const replies = new Replies<Request, Reply>(Chat)
  const seen: Array<string> = []
  const receiver = (name: string) => ({
    frame: (reply: Reply) => void seen.push(`${name}: ${Chat.encodeReply(reply)}`),
    end: () => {},
    fail: () => void seen.push(`${name} failed`)
  })
  replies.expectGreeting(receiver("greeting"))
  for (const request of requests) replies.expect(request, receiver(request._tag))
  for (const frame of frames) {
    const outcome = replies.receive(frame)
    if (outcome._tag === "Push") seen.push(`push: ${Chat.encodeReply(outcome.message)}`)
    if (outcome._tag === "Unexpected") seen.push("unexpected")
  }
  return seen
}

describe("Replies", () => {
  it("tells a reply from an unsolicited message of the same form by what came before", () => {
    assert.deepStrictEqual(
      receive(
        [{ _tag: "list" }, { _tag: "join", room: "a" }, { _tag: "leave" }, { _tag: "list" }],
        [line("welcome"), line("a b"), room(1), line("hi"), room(2), line("bye"), room(0), line("a b")]
      ),
      [
        "greeting: line welcome",
        "list: line a\\ b",
        "join: room 1",
        "push: line hi",
        "leave: room 2",
        "push: line bye",
        "list: room 0",
        "unexpected"
      ]
    )
  })

  it("takes the first frame for the greeting, even where later ones of its kind are unsolicited", () => {
    const replies = new Replies<Request, Reply>({ ...Chat, isUnsolicited: ({ _tag }) => _tag === "line" })
    const greeting: Array<Reply> = []
    replies.expectGreeting({ frame: (reply) => void greeting.push(reply), end: () => {}, fail: () => {} })
    assert.strictEqual(replies.receive(line("welcome"))._tag, "Taken")
    assert.strictEqual(replies.receive(line("hi"))._tag, "Push")
    assert.deepStrictEqual(greeting, [line("welcome")])
  })
})
