/** Conversations of every kind of answer, cut anywhere, with a peer that takes them when it likes. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Fiber, Schema, Stream } from "effect"
import { type Command, Protocol } from "../../src/index.ts"
import { serve } from "../support/Conversation.ts"
import {
  type Connection,
  event,
  layer,
  type Reply,
  said,
  type Script,
  Scripted
} from "../support/Scripted.ts"
import { turn } from "../support/Time.ts"

/** Answers with this in some way. */
type Way = (answer: Protocol.Answer<Reply>, connection: Connection) => Command.Answering<Reply>

const yields = (count: number) => Effect.replicateEffect(Effect.yieldNow, count, { discard: true })

const ways: Record<string, Way> = {
  plain: (answer) => answer,
  sync: (answer) => Effect.succeed(answer),
  async: (answer) => Effect.as(yields(3), answer),
  late: (answer) => Effect.as(turn, answer),
  stream: (answer) => Stream.make(answer),
  waiting: (answer) => Stream.fromEffect(Effect.as(turn, answer)),
  effect: (answer) => Effect.as(yields(1), Stream.make([], answer).pipe(Stream.rechunk(1))),
  offering: (answer, { offer }) => (offer(event("x")), answer),
  sending: (answer, { send }) => Effect.as(Effect.andThen(yields(1), send(event("x"))), answer),
  pushing: (answer, { send }) =>
    Stream.fromEffect(Effect.as(Effect.replicateEffect(send(event("x")), 5), answer))
}

const tags = ["do", "run"] as const
const whats = ["said", "several", "nothing", "closing", "pieces", "dies"] as const
const Request = Schema.Struct({
  tag: Schema.Literals(tags),
  way: Schema.Literals(Object.keys(ways)),
  what: Schema.Literals([...whats, "said", "said", "invalid"]),
  noreply: Schema.Boolean
})
type Request = typeof Request.Type

const answers: Record<(typeof whats)[number], Protocol.Answer<Reply>> = {
  said: said("one"),
  several: [said("one"), said("two")],
  nothing: [],
  closing: Protocol.closing(said("bye")),
  pieces: [],
  dies: []
}

const pieces = Stream.make(Protocol.fragment("said "), Protocol.fragment("pi"), Protocol.lastFragment("eces"))

const script: Script = Object.fromEntries(
  Object.entries(ways).flatMap(([name, way]) =>
    whats.map((what) => [
      `${name}-${what}`,
      (connection: Connection): Command.Answering<Reply> => {
        if (what === "pieces") {
          return Stream.rechunk(pieces, 1).pipe(
            Stream.tap(() => Effect.sync(() => connection.offer(event("x"))))
          )
        }
        const answering = way(answers[what], connection)
        if (what !== "dies") return answering
        if (Effect.isEffect(answering)) return Effect.andThen(answering, Effect.die(new Error("died")))
        if (Stream.isStream(answering)) return Stream.concat(answering, Stream.die(new Error("died")))
        throw new Error("died")
      }
    ])
  )
)

const lineOf = ({ noreply, tag, way, what }: Request): string =>
  what === "invalid" ? "what\n" : `${tag} ${way}-${what}${noreply ? " noreply" : ""}\n`

const texts: Record<Request["what"], string> = {
  said: "said one\n",
  several: "said one\nsaid two\n",
  nothing: "",
  closing: "said bye\n",
  pieces: "said pieces\n",
  dies: "said internal\n",
  invalid: "said invalid\n"
}

/** What comes back, without the events. */
const expected = (requests: ReadonlyArray<Request>): string => {
  let text = ""
  for (const { noreply, what } of requests) {
    if (what === "invalid" || !noreply) text += texts[what]
    if (what === "closing") break
  }
  return text
}

/** The same, where frames are cut one at a time, because the next one may be in a mode. */
const Moded: typeof Scripted = { ...Scripted, modes: new Map([["same", Scripted.grammar]]) }

describe.each([
  ["A conversation", Scripted],
  ["A conversation in a protocol with modes", Moded]
])("%s", (_, protocol) => {
  it.effect.prop(
    "is answered in order, whatever the answers are, and wherever it is cut",
    [
      Arbitrary.schema(Schema.Array(Request).check(Schema.isMaxLength(40))),
      Arbitrary.schema(Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))))
    ],
    ([requests, cuts]) =>
      Effect.gen(function* () {
        const { connection, peer } = yield* serve(layer(script, { protocol }))
        let rest = requests.map(lineOf).join("")
        for (const cut of cuts) {
          if (cut % 7 === 0) peer.stopTaking()
          if (cut % 5 === 0) yield* peer.take
          if (cut % 3 === 0) yield* turn
          peer.send(rest.slice(0, cut))
          rest = rest.slice(cut)
        }
        peer.send(rest)
        peer.end()
        yield* peer.take
        for (let i = 0; i < 3000 && connection.pollUnsafe() === undefined; i++) {
          yield* turn
          yield* peer.take
        }
        if (connection.pollUnsafe() === undefined) assert.fail(`no end after ${peer.received}`)
        yield* Fiber.join(connection)
        assert.strictEqual(peer.received.replaceAll("event x\n", ""), expected(requests))
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 300 } }
  )
})
