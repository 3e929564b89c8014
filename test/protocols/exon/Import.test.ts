/** Items go into a file and come back; and what is wrong with a file that somebody wrote. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as AuditTrail from "../../../src/protocols/exon/AuditTrail.ts"
import { maxComments } from "../../../src/protocols/exon/Item.ts"
import * as NumberedLines from "../../../src/protocols/exon/NumberedLines.ts"
import { Store } from "../../../src/protocols/exon/Store.ts"
import { contents, exported, imported, onEmptyStore, refuses, words } from "./Importing.ts"
import { searched } from "./OpenStore.ts"

/** Text that formats trip over. */
const Tricky = (separators: string) =>
  Schema.String.check(
    Schema.makeFilter((text: string) => text.isWellFormed(), {
      expected: "tricky text",
      arbitrary: {
        constraint: { patterns: [`^(?:[a-c"',;=\\\\ éß東😀\\ufeff\\u0000${separators}]|""|\\r){0,12}$`] }
      }
    })
  )

const Items = Schema.Array(
  Schema.Struct({
    name: Tricky("\\t"),
    comments: Tricky("\\n"),
    author: Tricky("\\n"),
    date: Schema.Int.check(Schema.isBetween({ minimum: -62_135_596_800_000, maximum: 253_402_300_799_999 }))
  })
)

const file = (...lines: ReadonlyArray<string>) => lines.join("\n")

describe("Import", () => {
  it.effect.prop(
    "brings back any items that were exported",
    [Items, Schema.Literals(["jsonl", "csv"])],
    ([generated, format]) =>
      Effect.gen(function* () {
        const items = generated.map((item, at) => ({
          ...item,
          // Names are trimmed and unique, and an author is somebody.
          name: `${item.name.replaceAll("\n", "")}${at}`.trim(),
          author: item.author === "" ? "anon" : item.author
        }))
        const given = items.map((item) =>
          JSON.stringify({ ...item, date: new Date(item.date).toISOString() })
        )
        const text = yield* onEmptyStore(
          Effect.gen(function* () {
            assert.strictEqual(yield* imported(file(...given), "jsonl"), items.length)
            return yield* exported(format)
          })
        )
        yield* onEmptyStore(
          Effect.gen(function* () {
            assert.strictEqual(yield* imported(text, format), items.length)
            assert.deepStrictEqual(yield* contents, items)
            assert.strictEqual(yield* exported(format), text)
          })
        )
      }),
    { arbitrary: { runs: 60, size: 12 } }
  )

  it.effect("takes what is not said to be empty, by anon, and of now", () =>
    Effect.gen(function* () {
      const now = Date.parse("2027-01-01T12:00:00Z")
      yield* TestClock.setTime(now)
      assert.strictEqual(
        yield* imported('\ufeff{"name":"  24\\" monitor "}\r\n\r\n{"name":"b","author":null}', "jsonl"),
        2
      )
      assert.strictEqual(yield* imported('\ufeffcomments,name\r\n"it\r\nworks",c\r\n\r\n,d', "csv"), 2)
      assert.deepStrictEqual(yield* contents, [
        { name: '24" monitor', comments: "", author: "anon", date: now },
        { name: "b", comments: "", author: "anon", date: now },
        { name: "c", comments: "it\r\nworks", author: "anon", date: now },
        { name: "d", comments: "", author: "anon", date: now }
      ])
      assert.deepStrictEqual(
        (yield* searched("works monit")).map(({ name }) => name),
        []
      )
      assert.deepStrictEqual(
        (yield* searched("work")).map(({ name }) => name),
        ["c"]
      )
    }).pipe(onEmptyStore)
  )

  it.effect("writes into the audit trail who added what, and when it was imported", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5000)
      yield* imported(file("name,author,date", "x,ada,2020-01-01T00:00:00+02:00", "y,,"), "csv")
      const entry = { at: 5000, event: "add", address: "import" } as const
      assert.deepStrictEqual(yield* Stream.runCollect(AuditTrail.read()), [
        { ...entry, author: "ada", item: 1 },
        { ...entry, author: "anon", item: 2 }
      ])
    }).pipe(onEmptyStore)
  )

  it.effect("names every bad line of JSON by its number, and imports nothing", () =>
    Effect.gen(function* () {
      const store = yield* Store
      yield* store.add({ name: "Straße", comments: "", author: "ada", address: "unix" })
      const date = "Expected a date and time with an offset, such as 2026-01-31T13:45:00Z"
      const lines = Buffer.concat([
        Buffer.from(
          file(
            '{"name":"good"}',
            "",
            "nonsense",
            "[]",
            '{"comments":"of what?"}',
            '{"name":" "}',
            '{"name":"in two\\nlines"}',
            '{"name":"half of a pair: \\ud83d"}',
            '{"name":"undated","date":"2026-02-30T00:00:00Z"}',
            '{"name":"without offset","date":"2026-02-03T00:00:00"}',
            '{"name":"misspelt","comment":1,"author":2}',
            `{"name":"long","comments":"${"é".repeat(maxComments / 2)}!"}`,
            '{"name":" GOOD "}',
            '{"name":"STRASSE"}',
            '{"name":"'
          )
        ),
        Buffer.from([0xff]),
        Buffer.from(file('"}', `{"name":"${"x".repeat(NumberedLines.maxLine)}"}`, "{"))
      ])
      const count = yield* refuses(imported(lines, "jsonl", 10_000), [
        [3, "not JSON"],
        [4, "Expected object"],
        [5, "name: missing"],
        [6, "name: Expected a name that is not empty"],
        [7, "name: Expected a name in one line"],
        [8, "name: Expected well-formed Unicode"],
        [9, `date: ${date}`],
        [10, `date: ${date}`],
        [
          11,
          "comment: no field of an item, which has name, comments, author, date, id; author: Expected string | null"
        ],
        [12, "comments: Expected at most 256 KiB"],
        [13, '"GOOD" is the name of 1 already'],
        [14, '"STRASSE" is the name of item 1 already'],
        [15, "not UTF-8"],
        [16, "too long"],
        [17, "not JSON"]
      ])
      assert.strictEqual(count, 15)
    }).pipe(onEmptyStore)
  )

  it.effect("names every bad line of CSV by its number, also after rows of several lines", () =>
    Effect.gen(function* () {
      const rows = file(
        "name,comments,date",
        'a,"1\r\n2\n3",',
        ",,",
        "",
        "b,,2020",
        "A,,",
        "c,d",
        'x,"\n',
        'q"z,,',
        "d"
      )
      yield* refuses(imported(rows, "csv"), [
        [5, "name: Expected a name that is not empty"],
        [7, "date: Expected a date and time with an offset, such as 2026-01-31T13:45:00Z"],
        [8, '"A" is the name of 2 already'],
        [9, "2 cells where 3 are expected"],
        [10, "Expected a delimiter or line break after a closing quote"]
      ])
      const bytes = Buffer.from('name,comments\na,"\xff\nb"\nc,\n,', "latin1")
      yield* refuses(imported(bytes, "csv"), [
        [2, "not UTF-8"],
        [5, "name: Expected a name that is not empty"]
      ])
      yield* refuses(imported("name,comment\na,b", "csv"), [
        [1, 'unknown header "comment"; expected name, comments, author, date, id']
      ])
      yield* refuses(imported("comments,id\na,b", "csv"), [[1, "no header is name"]])
      yield* refuses(imported("name,name\na,b", "csv"), [[1, "a header stands twice"]])
      yield* refuses(imported("", "csv"), [[1, "no line of headers"]])
    }).pipe(onEmptyStore)
  )

  it.effect("names the first twenty of many bad lines", () =>
    Effect.gen(function* () {
      const lines = Array.from({ length: 1000 }, () => "{}")
      const first = Array.from({ length: 20 }, (_, at) => [at + 1, "name: missing"] as const)
      assert.strictEqual(yield* refuses(imported(file(...lines), "jsonl", 100), first), 1000)
    }).pipe(onEmptyStore)
  )

  it.effect("takes back everything when somebody adds one of the names in the last moment", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const sql = yield* SqlClient.SqlClient
      // After the names were checked, and before the transaction begins.
      const late: SqlClient.SqlClient = new Proxy(sql, {
        get: (target, key) =>
          key === "withTransaction"
            ? (effect: Effect.Effect<unknown>) =>
                store
                  .add({ name: "N700", comments: "", author: "ada", address: "unix" })
                  .pipe(Effect.andThen(target.withTransaction(effect)))
            : Reflect.get(target, key)
      })
      const lines = Array.from({ length: 1000 }, (_, at) => `n${at}`)
      const error = yield* imported(file("name", ...lines), "csv", 1000).pipe(
        Effect.provideService(SqlClient.SqlClient, late),
        Effect.flip
      )
      assert.deepInclude(error, {
        count: 1,
        problems: [{ place: 702, problem: '"n700" is the name of item 1 already' }]
      })
      assert.deepStrictEqual(
        (yield* contents).map(({ name }) => name),
        ["N700"]
      )
      assert.lengthOf(yield* words, 1)
      assert.lengthOf(yield* Stream.runCollect(AuditTrail.read()), 1)
    }).pipe(onEmptyStore)
  )
})
