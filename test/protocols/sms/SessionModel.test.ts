/** Sessions beside a model of them: whatever is done, in whatever order, however much time passes, across restarts. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Clock, Effect, Exit, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Accounts } from "../../../src/accounts/Accounts.ts"
import { Outbox } from "../../../src/protocols/sms/Outbox.ts"
import { type NumberSession, Sessions } from "../../../src/protocols/sms/Sessions.ts"
import { Role } from "../../../src/accounts/Realm.ts"
import { State } from "../../../src/protocols/sms/State.ts"
import { register, type World, world } from "./World.ts"

const numbers = ["+33612345678", "+33687654321"]
const number = Schema.Literals(numbers)

const Operation = Schema.Union([
  Schema.TaggedStruct("go", { number, to: State }),
  Schema.TaggedStruct("set", {
    number,
    command: Schema.Literals(["note", "list"]),
    value: Schema.Literals(["a", "b"])
  }),
  Schema.TaggedStruct("delete", { number, command: Schema.Literals(["note", "list"]) }),
  Schema.TaggedStruct("look", { number }),
  Schema.TaggedStruct("wait", { seconds: Schema.Literals([1, 90, 300, 599, 600]) }),
  Schema.TaggedStruct("account", { number, role: Schema.UndefinedOr(Role) }),
  Schema.TaggedStruct("restart", {})
])
type Operation = typeof Operation.Type

/** What a message does. */
type Message = Extract<Operation, { readonly _tag: "go" | "set" | "delete" | "look" }>

/** What a number's session is, as the notes on the specification tell it. */
interface Model {
  state: State
  stored: Map<string, string>
  expires: number
  role: Role | undefined
}

/** "From GUEST to LOGININPROGRESS or USER; from LOGININPROGRESS to USER or GUEST; from USER to GUEST", ADMIN like USER. */
const mayGo = ({ role, state }: Model, to: State): boolean => {
  const edges = [
    "GUEST LOGININPROGRESS",
    `GUEST ${role}`,
    `LOGININPROGRESS ${role}`,
    "LOGININPROGRESS GUEST",
    "USER GUEST",
    "ADMIN GUEST"
  ]
  return edges.includes(`${state} ${to}`)
}

/** What a message finds at this time. */
const arrive = (model: Model, now: number): void => {
  if (now >= model.expires) {
    model.state = "GUEST"
    model.stored.clear()
  }
  if (model.state === "USER" || model.state === "ADMIN") model.state = model.role ?? "GUEST"
  model.expires = now + 600_000
}

/** Does what an operation does, to a session and to its model. */
const apply = Effect.fnUntraced(function* (operation: Message, session: NumberSession, model: Model) {
  switch (operation._tag) {
    case "go": {
      const isAllowed = mayGo(model, operation.to)
      assert.strictEqual(session.transitions.includes(operation.to), isAllowed)
      assert.strictEqual(Exit.isSuccess(yield* Effect.exit(session.transition(operation.to))), isAllowed)
      if (isAllowed) model.state = operation.to
      break
    }
    case "set":
      yield* session.storage(operation.command).set("it", operation.value)
      model.stored.set(operation.command, operation.value)
      break
    case "delete":
      yield* session.storage(operation.command).delete("it")
      model.stored.delete(operation.command)
      break
    case "look":
      break
  }
  assert.strictEqual(session.state, model.state)
  for (const command of ["note", "list"]) {
    assert.strictEqual(yield* session.storage(command).get("it"), model.stored.get(command))
  }
})

/** Runs the operations up to the next restart; tells where that was. */
const run = (operations: ReadonlyArray<Operation>, models: ReadonlyMap<string, Model>) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const sessions = yield* Sessions
    for (const operation of operations) {
      if (operation._tag === "wait") {
        yield* TestClock.adjust(`${operation.seconds} seconds`)
      } else if (operation._tag === "account") {
        yield* Effect.ignore(accounts.remove("sms", operation.number))
        if (operation.role !== undefined) yield* register(operation.number, operation.role)
        models.get(operation.number)!.role = operation.role
      } else if (operation._tag !== "restart") {
        const model = models.get(operation.number)!
        yield* sessions.use(operation.number, (session) =>
          Effect.gen(function* () {
            arrive(model, yield* Clock.currentTimeMillis)
            yield* apply(operation, session, model)
          })
        )
      }
    }
  })

/** The operations of each server's life. */
const lives = (operations: ReadonlyArray<Operation>): ReadonlyArray<ReadonlyArray<Operation>> => {
  const all: Array<Array<Operation>> = [[]]
  for (const operation of operations) {
    if (operation._tag === "restart") all.push([])
    else all.at(-1)!.push(operation)
  }
  return all
}

describe("Sessions", () => {
  it.effect.prop(
    "are what the notes make of them, whatever happens",
    [Arbitrary.array(Arbitrary.schema(Operation), { maxLength: 40 })],
    ([operations]) =>
      Effect.gen(function* () {
        const here: World = yield* world
        yield* TestClock.adjust("1000 days")
        const models = new Map(
          numbers.map((number): [string, Model] => [
            number,
            { state: "GUEST", stored: new Map(), expires: 0, role: undefined }
          ])
        )
        for (const life of lives(operations)) {
          yield* Effect.provide(run(life, models), here.services({ outbox: Outbox.layerQueueOnly }), {
            local: true
          })
        }
      }),
    { arbitrary: { runs: 25 } }
  )
})
