/** The commands `wireline exon` and `wireline audit`, as processes. */
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { temporaryDirectory } from "../../../support/Directory.ts"
import * as Started from "../../../support/Started.ts"

const inDirectory =
  <E>(test: (root: string) => Effect.Effect<void, E, Scope.Scope>) =>
  () =>
    Effect.flatMap(temporaryDirectory, test)

/** Expects status 1, and one last line on standard error that says why. */
const refuses = (why: RegExp, args: ReadonlyArray<string>) =>
  Effect.map(Started.outcomeOf(args), ({ code, stderr, stdout }) => {
    assert.match(stderr.trimEnd().split("\n").at(-1)!, why)
    assert.strictEqual(stdout, "")
    assert.strictEqual(code, 1)
    return stderr.trimEnd().split("\n")
  })

/** Expects it to end well, and returns what it has printed. */
const prints = (args: ReadonlyArray<string>) =>
  Effect.map(Started.outcomeOf(args), ({ code, stderr, stdout }) => {
    assert.strictEqual(stderr, "")
    assert.strictEqual(code, 0)
    return stdout
  })

/** What Exon answers to these lines. */
const asked = (port: number, ...lines: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const socket = connect(port, "127.0.0.1").setEncoding("utf8")
    socket.end(`${lines.join("\n")}\n`)
    let answers = ""
    for await (const text of socket) answers += text
    return answers.trimEnd().split("\n")
  })

const jsonLines = (text: string): ReadonlyArray<Record<string, unknown>> =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

describe("wireline exon", () => {
  it.live(
    "brings items out of one directory and into another, and refuses a file with a bad line",
    inDirectory((root) =>
      Effect.gen(function* () {
        const [one, two] = [join(root, "one"), join(root, "two")]
        const [jsonl, csv] = [join(root, "items.jsonl"), join(root, "items.csv")]
        writeFileSync(
          jsonl,
          '{"name":"24\\" monitor, black","comments":"a\\nb","author":"ada","date":"2026-01-02T03:04:05+02:00"}\n{"name":"Öse"}\n'
        )
        assert.strictEqual(yield* prints(["exon", "import", jsonl, "--data", one]), "imported 2 items\n")

        writeFileSync(csv, "what was there before")
        const link = join(root, "link.csv")
        symlinkSync(csv, link)
        assert.strictEqual(yield* prints(["exon", "export", link, "--data", one]), "")
        const [header, ...rest] = readFileSync(csv, "utf8").split("\r\n")
        assert.strictEqual(header, "name,comments,author,date,id")
        assert.strictEqual(rest[0], '"24"" monitor, black","a\nb",ada,2026-01-02T01:04:05.000Z,1')

        assert.strictEqual(yield* prints(["exon", "import", csv, "--data", two]), "imported 2 items\n")
        const [again, original] = yield* Effect.all(
          [prints(["exon", "export", "--data", two]), prints(["exon", "export", "--data", one])],
          { concurrency: 2 }
        )
        assert.strictEqual(again, original)
        assert.deepInclude(jsonLines(again)[0], { name: '24" monitor, black', comments: "a\nb", id: 1 })

        writeFileSync(jsonl, '{"name":"fresh"}\n{"name":"öse"}\n{"name":"\\u001b[2J","age":3}\n')
        const why = yield* refuses(/^wireline: nothing was imported: 2 items are bad$/, [
          "exon",
          "import",
          jsonl,
          "--data",
          two
        ])
        assert.deepStrictEqual(why.slice(0, -1), [
          'line 2: "öse" is the name of item 2 already',
          "line 3: age: no field of an item, which has name, comments, author, date, id"
        ])
        assert.strictEqual(yield* prints(["exon", "export", "--data", two]), again)
        assert.deepStrictEqual(readdirSync(root).toSorted(), [
          "items.csv",
          "items.jsonl",
          "link.csv",
          "one",
          "two"
        ])
      })
    )
  )

  it.live(
    "imports while a server runs, which serves the items at once; the trail tells of both",
    inDirectory((data) =>
      Effect.gen(function* () {
        const server = yield* Started.wireline([
          "serve",
          "--data",
          data,
          "--sec-lsm-manager",
          "off",
          "--exon",
          "tcp://127.0.0.1:0"
        ])
        const port = Number((yield* server.says("stdout", /127\.0\.0\.1:(\d+)\n/))[1])
        const evil = "ada\u001b[31m\tx"
        const [added] = yield* asked(port, 'add name="Spoon"', `auth username="${evil}"::passwd="wrong"`)
        assert.deepInclude(JSON.parse(added!), { status: "success", data: 1 })

        const file = join(data, "items.csv")
        writeFileSync(file, "name,comments,author\nFork,four prongs,bob\nKnife,,\n")
        assert.strictEqual(yield* prints(["exon", "import", file, "--data", data]), "imported 2 items\n")
        const [item, found, doubled] = yield* asked(port, "id 2", 'search text="prong"', 'add name="KNIFE"')
        assert.deepInclude(JSON.parse(item!).data, { name: "Fork", comments: "four prongs", author: "bob" })
        assert.lengthOf(JSON.parse(found!).data, 1)
        assert.strictEqual(doubled, '{"status":"error","message":"Item already exists","data":"3"}')

        const [text, json] = yield* Effect.all(
          [
            prints(["audit", "--data", data, "--since", "1h"]),
            prints(["audit", "--data", data, "--json", "--since", "2020-01-01T00:00:00Z"])
          ],
          { concurrency: 2 }
        )
        const lines = text.trimEnd().split("\n")
        const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d\t/
        for (const line of lines) assert.match(line, time)
        assert.deepStrictEqual(
          lines.map((line) => line.replace(time, "").replace(/tcp:[^\t]+/, "PEER")),
          [
            "add\tanon\tPEER\t1",
            "failed login\tada\\u{1b}[31m\\u{9}x\tPEER",
            "add\tbob\timport\t2",
            "add\tanon\timport\t3"
          ]
        )
        const entries = jsonLines(json)
        assert.lengthOf(entries, 4)
        assert.deepInclude(entries[1], { event: "failed login", name: evil, item: null })
        assert.deepInclude(entries[2], { event: "add", name: "bob", address: "import", item: 2 })
        assert.isTrue(entries.every(({ time }) => new Date(String(time)).toISOString() === time))
      })
    )
  )

  it.live(
    "says in one line why it cannot",
    inDirectory((root) => {
      const data = join(root, "none")
      const file = join(root, "items.txt")
      writeFileSync(file, "")
      return Effect.all(
        [
          refuses(/^wireline: there is no database in .*none; .*--data$/, ["audit", "--data", data]),
          refuses(/^wireline: there is no database in/, ["exon", "export", "--data", data]),
          refuses(/"yesterday".*7d/, ["audit", "--data", data, "--since", "yesterday"]),
          refuses(/items\.txt ends neither in/, ["exon", "import", file, "--data", join(root, "some")]),
          refuses(/cannot read .*\.csv: ENOENT/, [
            "exon",
            "import",
            `${file}.csv`,
            "--data",
            join(root, "some")
          ])
        ],
        { concurrency: 2, discard: true }
      ).pipe(Effect.tap(() => Effect.sync(() => assert.isFalse(existsSync(data)))))
    })
  )
})
