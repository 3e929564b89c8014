/** `wireline connect` without a terminal, as a process, with a server that is one, too. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { obstacle } from "../support/Certificates.ts"
import { temporaryDirectory } from "../support/Directory.ts"
import * as RawPeer from "../support/RawPeer.ts"
import { serve, ServedAll } from "../support/ServedAll.ts"
import { said } from "../support/ServedSms.ts"
import { authority, client, own, useAuthorities } from "../support/ServedTls.ts"
import * as Started from "../support/Started.ts"

/** How it ends with this on its standard input, and what it prints. */
const talks = (args: ReadonlyArray<string>, input: string | Uint8Array) =>
  Effect.gen(function* () {
    const process = yield* Started.wireline(["connect", ...args])
    process.stdin.end(input)
    const { code, stderr, stdout } = yield* process.exit
    return { code, stdout, stderr }
  }).pipe(Effect.scoped)

/** Lines as they are printed. */
const lines = (...all: ReadonlyArray<string>) => all.map((line) => `${line}\n`).join("")

layer(ServedAll.layer)((it) => {
  describe("wireline connect", () => {
    it.effect("sends Exon what it reads, line by line, and prints the replies as they come", () =>
      Effect.gen(function* () {
        const { exon } = yield* ServedAll
        assert.deepStrictEqual(
          yield* talks(["exon", exon], 'add name="A lamp"\r\n\nadd name="a LAMP"\ndel 1'),
          {
            code: 1,
            stdout: lines(
              '{"status":"success","message":"New item registered","data":1}',
              '{"status":"error","message":"Item already exists","data":"1"}',
              '{"status":"error","message":"Unauthorized action - User not logged in","data":"1"}'
            ),
            stderr: ""
          }
        )
        const { code, stderr, stdout } = yield* talks(["exon", "--json", exon], "id 1\nquit\nid 1\n")
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
        assert.match(stdout, /^\{"_tag":"Available","status":"success",[^\n]*"name":"A lamp"[^\n]*\}\n$/)
      })
    )

    it.effect("finds the server where that is told to be, by a variable or in the file", () =>
      Effect.gen(function* () {
        const { directory, exon } = yield* ServedAll
        const found = lines('{"status":"error","message":"Item not found.","data":""}')
        writeFileSync(join(directory, "wireline.toml"), `[exon]\nendpoint = "${exon}"\n`)
        for (const [args, env] of [
          [[], { WIRELINE_EXON: exon }],
          [["--config", join(directory, "wireline.toml")], { WIRELINE_EXON: undefined }]
        ] as const) {
          const process = yield* Started.wireline(["connect", "exon", "--data", directory, ...args], { env })
          process.stdin.end("id 999\n")
          const { code, stderr, stdout } = yield* process.exit
          assert.deepStrictEqual({ code, stdout, stderr }, { code: 1, stdout: found, stderr: "" })
        }
      })
    )

    it.effect("computes with RSCP", () =>
      Effect.gen(function* () {
        const { rscp } = yield* ServedAll
        assert.deepStrictEqual(
          yield* talks(
            ["rscp", rscp, "--json"],
            "CONNECT REQUEST\nFUNCTION:ID=2:PARAM1=90\nFUNCTION:ID=2:PARAM1=x\n"
          ),
          {
            code: 1,
            stdout: lines(
              '{"_tag":"Successful"}',
              '{"_tag":"Response","id":"2","answer":"1"}',
              '{"_tag":"Response","id":"2","answer":"ERROR not a number"}'
            ),
            stderr: ""
          }
        )
      })
    )

    it.effect("speaks to sec-lsm-manager in the data directory, and prints all of a reply", () =>
      Effect.gen(function* () {
        const { data, directory } = yield* ServedAll
        const path = join(directory, "a b")
        writeFileSync(path, "")
        const session = lines(
          ...["sec-lsm-manager 1", "id demo-app", `path ${directory}/a\\ b data`, "display", "install"],
          ...["id x", "id abc"]
        )
        assert.deepStrictEqual(yield* talks(["sec-lsm-manager", "--data", data], session), {
          code: 1,
          stdout: lines(
            ...["done 1", "done", "done", "string id demo-app", `string path ${directory}/a\\ b data`],
            ...["done", "done", "error already-set", "error not-recoverable"]
          ),
          stderr: ""
        })
      })
    )

    it.effect("hands the SMS shell JSON objects, wherever they end, or texts of a number", () =>
      Effect.gen(function* () {
        const { data } = yield* ServedAll
        const objects =
          '{"sms_number":"+33612345678",\n"sms_text":"whoami"}{"sms_number":"+33612345678","sms_text":"desc role"}'
        const [gateway, number] = yield* Effect.all(
          [
            talks(["sms", "--data", data], objects),
            talks(["sms", "--json", "--data", data, "--number", "+33612345678"], "role\nnonsense")
          ],
          { concurrency: 2 }
        )
        assert.deepStrictEqual(gateway.stdout.trimEnd().split("\n").map(said), [
          { received_length: 49, output: "+33612345678" },
          { received_length: 52, output: "tells what you are logged in as" }
        ])
        assert.strictEqual(gateway.code, 0)
        assert.deepStrictEqual(
          number.stdout
            .trimEnd()
            .split("\n")
            .map((reply) => said(reply)["output"]),
          ["GUEST", "#Err: command not found"]
        )
        assert.strictEqual(number.code, 1)
      })
    )

    it.effect("sends nothing from a line on that is no message, and names it without repeating it", () =>
      Effect.gen(function* () {
        const { data, exon } = yield* ServedAll
        const bad = yield* talks(["exon", exon], 'search text="nothing"\n\nauth hunter2\nadd name="b"\n')
        assert.deepStrictEqual(bad, {
          code: 1,
          stdout: lines('{"status":"success","message":"Items found","data":[]}'),
          stderr:
            'wireline: line 3 of standard input is no message of exon: it is written auth username="USERNAME"::passwd="PASSWD"\n'
        })
        const stderrOf = (args: ReadonlyArray<string>, input: string | Uint8Array) =>
          Effect.map(talks(args, input), ({ code, stderr, stdout }) => {
            assert.deepStrictEqual({ code, stdout }, { code: 1, stdout: "" })
            return stderr
          })
        assert.deepStrictEqual(
          yield* Effect.all(
            [
              stderrOf(["exon", exon], Uint8Array.of(0xff, 0x0a)),
              stderrOf(["sms", "--data", data], '\n{"sms_number":"1"')
            ],
            { concurrency: 2 }
          ),
          [
            "wireline: line 1 of standard input is no message of exon: it is not UTF-8\n",
            "wireline: line 2 of standard input is no message of sms: it does not end within 1048576 bytes\n"
          ]
        )
        const peer = yield* RawPeer.connect({ _tag: "Unix", path: exon.slice("unix:".length) })
        yield* peer.send('search text="b"\n')
        assert.deepStrictEqual(yield* peer.lines(1), [
          '{"status":"success","message":"Items found","data":[]}'
        ])
      })
    )

    it.effect("says in a line why there is no connection, or what it cannot do", () =>
      Effect.gen(function* () {
        const { directory } = yield* ServedAll
        const nowhere = join(directory, "nowhere")
        const refused = (why: string, ...args: ReadonlyArray<string>) =>
          Effect.map(talks(args, ""), ({ code, stderr, stdout }) => {
            assert.deepStrictEqual({ code, stdout }, { code: 1, stdout: "" })
            assert.match(stderr, /^wireline: [^\n]+\n$/)
            assert.include(stderr, why)
          })
        yield* Effect.all(
          [
            refused(`cannot connect to unix:${nowhere}: connect ENOENT`, "exon", `unix:${nowhere}`),
            refused("give --tls-cert FILE", "exon", "--tls-key", nowhere)
          ],
          { concurrency: 2, discard: true }
        )
      })
    )
  })
})

describe("wireline connect, when the server goes", () => {
  it.live("ends with a line and status 1, also while it has nothing to send", () =>
    Effect.gen(function* () {
      const { exon, process } = yield* serve()
      const idle = yield* Started.wireline(["connect", "exon", exon])
      idle.stdin.write('search text="x"\n')
      yield* idle.says("stdout", /Items found/)
      yield* process.signal("SIGTERM")
      const { code, stderr, stdout } = yield* idle.exit
      assert.strictEqual(stdout.split("\n").length, 2)
      assert.match(stderr, new RegExp(`^wireline: lost the connection to ${exon}: [^\\n]+\\n$`))
      assert.strictEqual(code, 1)
    })
  )
})

describe.skipIf(obstacle !== undefined)("wireline connect on TLS", () => {
  useAuthorities()

  it.live("verifies the server, and shows who it is itself", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const server = yield* Started.wireline([
        ...["serve", "--data", directory, "--sec-lsm-manager", "off", "--exon", "tls://127.0.0.1:0"],
        ...["--tls-cert", own.cert, "--tls-key", own.key, "--tls-ca", authority.cert]
      ])
      const [, endpoint] = yield* server.says("stdout", /^exon listening on (\S+)\n/m)
      const shown = ["--tls-cert", client.cert, "--tls-key", client.key]
      const [known, nobody] = yield* Effect.all(
        [
          talks(["exon", endpoint!, "--tls-ca", authority.cert, ...shown], "id 1\n"),
          talks(["exon", endpoint!, "--tls-ca", authority.cert], "id 1\n")
        ],
        { concurrency: 2 }
      )
      assert.strictEqual(known.stdout, lines('{"status":"error","message":"Item not found.","data":""}'))
      assert.match(nobody.stderr, /^wireline: [^\n]+certificate[^\n]*\n$/)
      assert.deepStrictEqual(
        [known, nobody].map(({ code }) => code),
        [1, 1]
      )
    })
  )
})
