/** Conversations with the real server beside those with a model, over generated pipelines of requests of all kinds. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Exon } from "../../../src/protocols/exon/Protocol.ts"
import { Malformed } from "../../../src/Protocol.ts"
import * as RawPeer from "../../support/RawPeer.ts"
import { answersOf, password, serveHere } from "../../support/ServedExon.ts"
import * as Model from "./ConversationModel.ts"

type Weighted<A> = ReadonlyArray<readonly [weight: number, value: A]>

/** One of these, each as often as its weight says. */
const pick = <A>(choices: Weighted<A>): Arbitrary.Arbitrary<A> => {
  const all = choices.flatMap(([weight, value]) => Array.from({ length: weight }, () => value))
  const index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: all.length - 1 }))
  return Arbitrary.map(Arbitrary.schema(index), (index) => all[index]!)
}

const any = <A>(...values: ReadonlyArray<A>) => pick(values.map((value) => [1, value] as const))

/** A line put together from its parts. */
const line = (...parts: ReadonlyArray<string | Arbitrary.Arbitrary<string>>): Arbitrary.Arbitrary<string> =>
  Arbitrary.map(Arbitrary.all(parts.map((part) => (typeof part === "string" ? any(part) : part))), (parts) =>
    parts.join("")
  )

const people = ["Ada", "bob"]
const names = any(
  "Fusion engine",
  "fusion ENGINE",
  " Engine ",
  "ENGINE",
  "Éclair",
  "éclair",
  "a::b=c",
  "x",
  " \t",
  "y 😀"
)
const comments = any("Could explode.", "of chocolate", "::", "second\r", "ÉCLAIR", "😀", " ")
const id = pick<string>([
  ...["1", "2", "3", "4", "5", "6"].map((id) => [4, id] as const),
  ...["9", "01", "9007199254740991", "9007199254740992", "0".repeat(20) + "1"].map((id) => [1, id] as const)
])
const words = any("engine", "ENG", "eclair", "choc", "could expl", "x", "nothing", "...", "b c", "é")

const requests = pick<Arbitrary.Arbitrary<string>>([
  [24, line('add name="', names, '"')],
  [16, line('add name="', names, '"::comments="', comments, '"')],
  [4, line('add comments="', comments, '"::name="', names, '"')],
  [14, line("id ", id)],
  [3, line('id "', id, '"')],
  [3, line('id id="', id, '"')],
  [16, line('comment id="', id, '"::comments="', comments, '"')],
  [12, line("del ", id)],
  [4, line('del id="', id, '"')],
  [8, line('auth username="', any("ada", "Ada", "BOB"), `"::passwd="${password}"`)],
  [5, line('auth username="', any("ada", "bob", "nobody", "anon"), '"::passwd="wrong"')],
  [10, line('search text="', words, '"')],
  [5, any("list", 'list page="1"', 'list page="2"')],
  [4, any("", "\r")],
  [
    6,
    any(
      ...["id 0", "id", "add", 'add name=""', "nonsense", 'comment id="1"', "list ", "quit now", "ID 1"],
      ...[
        'add name="x"::name="x"',
        `comment id="1"::comments="${"x".repeat(65_537)}"`,
        "del -1",
        "\ufeffid 1"
      ]
    )
  ]
]).pipe(Arbitrary.flatMap((request) => request))

const endings = pick<ReadonlyArray<string>>([
  [6, []],
  [2, ["quit", "id 1"]],
  [1, [`add name="${"x".repeat(66_560)}"`, "id 1"]]
])

const terminators = pick<string>([
  [4, "\n"],
  [1, "\r\n"]
])

const pipelines = Arbitrary.all([Arbitrary.array(requests, { maxLength: 60 }), endings, terminators])

/** What two connections say, in turns of some requests each. */
const turns = Arbitrary.array(Arbitrary.all([any(0, 1), Arbitrary.array(requests, { maxLength: 8 })]), {
  maxLength: 16
})

const moment = new Date(2027, 0, 1, 10, 20, 30).getTime()

const newWorlds = Effect.gen(function* () {
  yield* TestClock.setTime(moment)
  return {
    server: yield* serveHere({ people, inMemory: true }),
    world: Model.newWorld("2026-01-01 10:20:30", password, people)
  }
})

const seen = new Set<string>()

/** The replies to these lines, up to the end of the connection if there is one. */
const expectedOf = (world: Model.World, session: Model.Session, lines: ReadonlyArray<string>) => {
  const replies: Array<string> = []
  for (const line of lines) {
    const { closes, reply } = Model.answer(world, session, line.replace(/\n$/, ""))
    if (reply !== undefined) {
      replies.push(reply)
      const message = Exon.decodeReply(reply)
      assert.notInstanceOf(message, Malformed)
      seen.add(message._tag)
    }
    if (closes) break
  }
  return replies
}

describe("A conversation", () => {
  it.effect.prop(
    "answers any pipeline of requests, sent all at once, in order and as the model does",
    [pipelines],
    ([[requests, ending, terminator]]) =>
      Effect.gen(function* () {
        const { server, world } = yield* newWorlds
        const lines = [...requests, ...ending].map((line) => `${line}${terminator}`)
        const expected = expectedOf(world, {}, lines)
        const received = yield* answersOf(server, lines.join(""))
        assert.deepStrictEqual(received.split("\n"), [...expected, ""])
        // And that is what is there.
        const ids = Array.from({ length: world.last + 1 }, (_, i) => `id ${i + 1}`)
        const left = yield* answersOf(server, ids.map((line) => `${line}\n`).join(""))
        assert.deepStrictEqual(left.split("\n"), [...expectedOf(world, {}, ids), ""])
      }).pipe(Effect.scoped),
    { timeout: 60_000, arbitrary: { runs: 60, size: 100 } }
  )

  it.effect.prop(
    "is not disturbed by another one in between, nor takes its login for its own",
    [turns],
    ([turns]) =>
      Effect.gen(function* () {
        const { server, world } = yield* newWorlds
        const sessions: ReadonlyArray<Model.Session> = [{}, {}]
        const peers = [yield* RawPeer.connect(server.endpoint), yield* RawPeer.connect(server.endpoint)]
        for (const [who, lines] of turns) {
          const expected = expectedOf(world, sessions[who]!, lines)
          yield* peers[who]!.send(lines.map((line) => `${line}\n`).join(""))
          assert.deepStrictEqual(yield* peers[who]!.lines(expected.length), expected)
        }
        for (const peer of peers) {
          yield* peer.end
          assert.strictEqual(yield* peer.rest, "")
        }
      }).pipe(Effect.scoped),
    { timeout: 60_000, arbitrary: { runs: 40, size: 100 } }
  )

  it("has met every reply of the specification on the way", () => {
    assert.sameMembers(
      [...seen],
      [
        ...[
          "Available",
          "Registered",
          "Deleted",
          "Commented",
          "Authenticated",
          "Found",
          "NotFound",
          "Exists"
        ],
        ...["NotCommented", "NotAuthenticated", "NotLoggedIn", "NotDeleted", "ProtocolError"]
      ]
    )
  })
})
