/** Sessions of the real server beside those of a model, over generated sequences of messages. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, layer } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import type * as RawPeer from "../../support/RawPeer.ts"
import { answers, ask, connect, databaseOf, Served } from "../../support/Served.ts"
import * as Model from "./SessionModel.ts"

type Weighted<A> = ReadonlyArray<readonly [weight: number, value: A]>

/** One of these, each as often as its weight says. */
const pick = <A>(choices: Weighted<A>): Arbitrary.Arbitrary<A> => {
  const all = choices.flatMap(([weight, value]) => Array.from({ length: weight }, () => value))
  const index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: all.length - 1 }))
  return Arbitrary.map(Arbitrary.schema(index), (index) => all[index]!)
}

const any = <A>(...values: ReadonlyArray<A>) => pick(values.map((value) => [1, value] as const))

/** A message whose fields are each one of some. */
const message = (
  word: string,
  ...fields: ReadonlyArray<Arbitrary.Arbitrary<string>>
): Arbitrary.Arbitrary<Model.Message> =>
  Arbitrary.map(Arbitrary.all(fields), (fields): Model.Message => [word, ...fields])

// `$` stands for the directory of the test.
const files = ["$/file", "$/a b", "$/back\\slash", "$/new\nline"]
const directories = ["$", "$/exp", "$/imp", "$/imp/inner"]
const applications = ["demo", "host", "guest"]
const grants = [
  "urn:redpesk:permission::public:plugs",
  ...applications.flatMap((id) =>
    ["public", "partner"].map((kind) => `urn:redpesk:permission:${id}:${kind}:export:plug`)
  )
]

const path = pick<string>([
  ...[...files, ...directories].map((path) => [12, path] as const),
  ...["$/exp/", "$//exp/./../file", "$/imp/inner/..", "/../$/a b"].map((path) => [2, path] as const),
  ...["$/nothing", "$/file/below", "relative", "", `/${"x".repeat(1023)}`].map((path) => [1, path] as const)
])
const directory = pick<string>([
  ...directories.map((path) => [14, path] as const),
  ...["$/imp//", "$/exp/../imp", "$/file", "$/nothing", "imp"].map((path) => [1, path] as const)
])
const id = pick<string>([
  ...applications.map((id) => [20, id] as const),
  ...["a", "no good", "", "x".repeat(200)].map((id) => [1, id] as const)
])
const type = pick<string>([
  [12, "default"],
  ...["conf", "data", "exec", "http", "icon", "id", "lib", "plug", "public"].map(
    (type) => [3, type] as const
  ),
  [1, "Data"],
  [1, ""]
])
const permission = pick<string>([
  ...grants.map((grant) => [8, grant] as const),
  ...["urn:a b", "\\", "ü€😀", "😀", "x".repeat(1025)].map((permission) => [1, permission] as const)
])

const messages = pick<Arbitrary.Arbitrary<Model.Message>>([
  [20, message("id", id)],
  [24, message("path", path, type)],
  [36, message("permission", permission)],
  [20, message("plug", directory, any(...applications, ...applications, ...applications, "!"), directory)],
  [20, message("install")],
  [6, message("uninstall")],
  [20, message("display")],
  // Often, for a session in error does nothing else of interest.
  [36, message("clear")],
  [4, message("log")],
  [6, message("log", any("on", "off"))],
  [1, message("sec-lsm-manager", any("1", "2"))],
  [
    1,
    any<Model.Message>(
      ["frobnicate"],
      ["clear", ""],
      ["id"],
      ["path", "$/file"],
      ["log", "maybe"],
      ["plug", "a"]
    )
  ]
]).pipe(Arbitrary.flatMap((message) => message))

const hello = pick<ReadonlyArray<Model.Message>>([
  [3, []],
  [2, [["sec-lsm-manager", "1"]]],
  [1, [["sec-lsm-manager", "3", "2", "1"]]]
])

const sequences = Arbitrary.map(
  Arbitrary.all([hello, Arbitrary.array(messages, { maxLength: 60 })]),
  ([hello, messages]) => [...hello, ...messages]
)

const steps = Arbitrary.array(Arbitrary.all([any(0, 1, 2), messages]), { maxLength: 60 })

/** What the test speaks about, and how a message is said. */
const setting = Served.useSync(({ directory: root }) => {
  const absolute = (text: string) => text.replaceAll("$", root)
  const disk: Model.Disk = { directories: directories.map(absolute), files: files.map(absolute) }
  for (const directory of disk.directories) mkdirSync(directory, { recursive: true })
  for (const file of disk.files) writeFileSync(file, "")
  return {
    disk,
    said: ([word, ...fields]: Model.Message): Model.Message => [word, ...fields.map(absolute)]
  }
})

const newWorld: Effect.Effect<Model.World, never, Served> = Effect.gen(function* () {
  const reset = applications.flatMap((id) => [`id ${id}`, "uninstall", "clear"])
  const received = yield* answers(["log off", ...reset, ""].join("\n"))
  assert.strictEqual(received, `done off\n${"done\n".repeat(reset.length)}`)
  return { log: "off", installed: new Map() }
})

/** The policies and the database hold what the model's applications were granted, and nothing else. */
const compare = (world: Model.World) =>
  Effect.map(Served, (served) => {
    const installed = [...world.installed].toSorted(([a], [b]) => (a < b ? -1 : 1))
    assert.deepStrictEqual(
      readdirSync(join(served.data, "policies")).toSorted(),
      installed.map(([id]) => `${id}.smack`)
    )
    const database = new DatabaseSync(databaseOf(served), { readOnly: true })
    try {
      const column = (sql: string) =>
        database
          .prepare(sql)
          .all()
          .map((row) => Object.values(row).join(" "))
      assert.deepStrictEqual(
        column("SELECT id FROM lsm_application ORDER BY id"),
        installed.map(([id]) => id)
      )
      assert.deepStrictEqual(
        column("SELECT client, permission FROM lsm_grant").toSorted(),
        installed.flatMap(([id, grants]) => grants.map((grant) => `App:${id} ${grant}`)).toSorted()
      )
      assert.deepStrictEqual(column("SELECT * FROM lsm_pending"), [])
    } finally {
      database.close()
    }
  })

const seen = new Map<string, number>()

/** Notes which kinds of answers there were, to see that the sequences reach them. */
const note = (lines: ReadonlyArray<string>) => {
  for (const line of lines) {
    const kind = line.split(" ").slice(0, 2).join(" ")
    seen.set(kind, (seen.get(kind) ?? 0) + 1)
  }
}

layer(Served.layer, { excludeTestServices: true })("A session", (it) => {
  it.effect.prop(
    "answers any sequence of messages, sent all at once, as the model does",
    [sequences],
    ([messages]) =>
      Effect.gen(function* () {
        const { disk, said } = yield* setting
        const world = yield* newWorld
        const session = Model.newSession()
        const expected: Array<string> = []
        for (const message of messages) {
          const { closes, lines } = Model.answer(disk, world, session, said(message))
          expected.push(...lines)
          if (closes) break
        }
        note(expected)
        const received = yield* answers(messages.map((message) => `${Model.line(said(message))}\n`).join(""))
        assert.deepStrictEqual(received, expected.map((line) => `${line}\n`).join(""))
        yield* compare(world)
      }),
    { timeout: 60_000, arbitrary: { runs: 300, size: 300 } }
  )

  it.effect.prop(
    "is not disturbed by others that are spoken to in between",
    [steps],
    ([steps]) =>
      Effect.gen(function* () {
        const { disk, said } = yield* setting
        const world = yield* newWorld
        const open: Array<{ readonly peer: RawPeer.RawPeer; readonly session: Model.Session } | undefined> =
          []
        for (const [client, message] of steps) {
          const { peer, session } = (open[client] ??= { peer: yield* connect, session: Model.newSession() })
          const { closes, lines } = Model.answer(disk, world, session, said(message))
          note(lines)
          const text = Model.line(said(message))
          if (closes) {
            yield* peer.send(`${text}\n`)
            assert.strictEqual(yield* peer.rest, lines.map((line) => `${line}\n`).join(""))
            open[client] = undefined
          } else {
            // A line of the protocol is two lines of text for every LF that is escaped in it.
            const expected = lines.join("\n").split("\n")
            assert.deepStrictEqual(yield* ask(peer, text, expected.length), expected, text)
          }
        }
        yield* compare(world)
      }).pipe(Effect.scoped),
    { timeout: 60_000, arbitrary: { runs: 200, size: 300 } }
  )

  it("has met every answer that there is on the way", () => {
    assert.includeMembers(
      [...seen.keys()],
      [
        ...["done", "done 1", "done on", "done off"],
        ...["string error", "string id", "string path", "string permission", "string plug"],
        ...["already-set", "forbidden", "invalid", "not-dir", "not-found", "not-recoverable", "protocol"].map(
          (reason) => `error ${reason}`
        )
      ]
    )
  })
})
