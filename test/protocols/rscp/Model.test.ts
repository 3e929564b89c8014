/** Conversations with the real server beside those with a model, over generated sequences of messages of all kinds. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Schema } from "effect"
import { Calculator } from "../../../src/protocols/rscp/Calculator.ts"
import { serveRscp } from "../../support/ServedRscp.ts"
import { answersOf } from "../../support/Talk.ts"
import * as Model from "./ConversationModel.ts"

const any = <A extends string>(...values: ReadonlyArray<A>) => Arbitrary.schema(Schema.Literals(values))

const joined = (...parts: ReadonlyArray<string | Arbitrary.Arbitrary<string>>): Arbitrary.Arbitrary<string> =>
  Arbitrary.map(Arbitrary.all(parts.map((part) => (typeof part === "string" ? any(part) : part))), (parts) =>
    parts.join("")
  )

const name = any("dias", "Dias", "ada")
const password = any("pompier", "lovelace")

const messages: ReadonlyArray<Arbitrary.Arbitrary<string>> = [
  any("CONNECT REQUEST"),
  any("CONNECT REQUEST"),
  joined("AUTHENTIFICATION LOGIN:USERNAME=", name, ":PASSWORD=", password),
  joined("AUTHENTIFICATION LOGIN:PASSWORD=", password, ":USERNAME=", name),
  joined("AUTHENTIFICATION CREATE:USERNAME=", name, ":PASSWORD=", password, ":EMAIL=a@example.org"),
  joined("AUTHENTIFICATION CREATE:USERNAME=", name, ":PASSWORD=", any("short", "pompier"), ":EMAIL=nowhere"),
  any("LIST FUNCTION"),
  joined("FUNCTION:ID=", any("now", "later"), ":PARAM1=", any("1", "2", "3")),
  joined("FUNCTION:PARAM1=", any("1", "2"), ":ID=", any("now", "later")),
  any("nonsense", "FUNCTION", "FUNCTION:ID=now:PARAM2=1", "LIST FUNCTION:ID=1", "AUTHENTIFICATION LOGIN")
]

const message = Arbitrary.flatMap(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: messages.length - 1 }))),
  (index) => messages[index]!
)

const sequences = Arbitrary.all([
  Arbitrary.array(message, { maxLength: 24 }),
  any("", "DISCONNECT"),
  Arbitrary.array(message, { maxLength: 2 })
])

/** Some answers come at once, and some are waited for. */
const calculator = Layer.succeed(Calculator, {
  compute: (id, [first = ""]) => (id === "later" ? Effect.as(Effect.yieldNow, first) : first)
})

/** Has a conversation with a server of its own, all of it sent at once, and one with the model. */
const compare = (access: "public" | "private", lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const served = yield* serveRscp({ access, calculator })
    const world: Model.World = { access, people: new Map(), failures: new Map() }
    const session: Model.Session = { state: "Idle" }
    const expected: Array<string> = []
    for (const line of lines) {
      const { closes, reply } = Model.answer(world, session, line)
      if (reply !== undefined) expected.push(reply)
      if (closes) break
    }
    const received = yield* answersOf(served, lines.map((line) => `${line}\n`).join(""))
    assert.deepStrictEqual(
      received.split("\n").map((line) => (line.startsWith("FUNCTION=") ? "the list" : line)),
      [...expected, ""]
    )
  }).pipe(Effect.scoped)

const create = "AUTHENTIFICATION CREATE:USERNAME=dias:PASSWORD=pompier:EMAIL=a@example.org"
const login = "AUTHENTIFICATION LOGIN:USERNAME=dias:PASSWORD=pompier"
const compute = "FUNCTION:ID=later:PARAM1=1"

/** What leads into each state. */
const ways = {
  public: { Idle: [], Connected: ["CONNECT REQUEST"], Wait: ["CONNECT REQUEST", compute] },
  private: {
    Idle: [],
    Authentification: ["CONNECT REQUEST"],
    Connected: ["CONNECT REQUEST", create, login],
    Wait: ["CONNECT REQUEST", create, login, compute]
  }
}

/** A message of each kind. */
const kinds = ["CONNECT REQUEST", login, create, "LIST FUNCTION", compute, "DISCONNECT", "FUNCTION"]

describe.each(["public", "private"] as const)("A %s server", (access) => {
  it.effect.each(Object.entries(ways[access]))("takes in %s every message as the model does", ([, way]) =>
    Effect.forEach(kinds, (message) => compare(access, [...way, message, "LIST FUNCTION"]), { discard: true })
  )

  it.effect.prop(
    "answers any sequence of messages as the model does",
    [sequences],
    ([[before, disconnect, after]]) =>
      compare(access, [...before, ...(disconnect === "" ? [] : [disconnect]), ...after]),
    { timeout: 60_000, arbitrary: { runs: 200, size: 100 } }
  )
})
