/** What installing leaves behind, in the policy directory, in the database and on the disk, and that it stays. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  watch,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryDirectory } from "../../support/Directory.ts"
import * as RawPeer from "../../support/RawPeer.ts"
import { ask, databaseOf, serve, type Served } from "../../support/Served.ts"
import { attributes, obstacle } from "./OnDisk.ts"

type Server = Served["Service"]

/** Says these lines on a new connection, each answered `done`. */
const tell = (server: Server, ...lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const peer = yield* RawPeer.connect(server.endpoint)
    for (const line of lines) assert.deepStrictEqual(yield* ask(peer, line), ["done"], line)
  }).pipe(Effect.scoped)

type Row = Record<string, unknown>

const query = (server: Server, sql: string): ReadonlyArray<Row> => {
  const database = new DatabaseSync(databaseOf(server), { readOnly: true })
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }))
  } finally {
    database.close()
  }
}

const column = (server: Server, sql: string) => query(server, sql).map((row) => Object.values(row).join(" "))

const policyOf = (server: Server, id: string) =>
  readFileSync(join(server.data, "policies", `${id}.smack`), "utf8")

/** The rules of the notes on the specification, "What install does". */
const rulesOf = (id: string, ...plugs: ReadonlyArray<string>) =>
  [
    `System App:${id} rwxa`,
    `App:${id} System:Shared rx`,
    `App:${id} User:App-Shared rwx`,
    `App:${id} System wx`,
    ...["Lib", "Conf", "Http", "Data", "Exec"].map((suffix) => `App:${id} App:${id}:${suffix} rx`),
    `App:${id} User:Home rx`,
    ...(plugs.length === 0 ? [] : [`App:${id} App:${id}:Plug rx`]),
    ...plugs.flatMap((impid) =>
      ["Plug", "Lib", "Exec", "Data", "Conf", "Http"].map((suffix) => `App:${impid} App:${id}:${suffix} rx`)
    )
  ]
    .map((rule) => `${rule}\n`)
    .join("")

/** Files of an application to be, one of each sort. */
const makeApplication = (root: string) => {
  for (const name of ["data", "exp", "imp"]) mkdirSync(join(root, name))
  for (const name of ["conf", "plain", "a b"]) writeFileSync(join(root, name), "")
  writeFileSync(join(root, "program"), "#!/bin/sh\n")
  chmodSync(join(root, "program"), 0o755)
}

const partner = "urn:redpesk:permission:host-1:partner:export:plug"

const demo = (root: string) => [
  "id demo-1",
  `path ${root}/conf conf`,
  `path ${root}/data data`,
  `path ${root}/program exec`,
  `path ${root}/plain default`,
  `path ${root}/a\\ b public`,
  `permission ${partner}`,
  "permission urn:one",
  `plug ${root}/exp host-1 ${root}/imp`
]

const labels = (root: string) => [
  `${root}/a b security.SMACK64 System:Shared demo-1`,
  `${root}/conf security.SMACK64 App:demo-1:Conf demo-1`,
  `${root}/data security.SMACK64 App:demo-1:Data demo-1`,
  `${root}/data security.SMACK64TRANSMUTE TRUE demo-1`,
  `${root}/program security.SMACK64 App:demo-1:Exec demo-1`,
  `${root}/program security.SMACK64EXEC App:demo-1 demo-1`
]

const selectLabels = "SELECT path, attribute, value, application FROM lsm_label ORDER BY path, attribute"
const selectGrants = "SELECT client, permission FROM lsm_grant ORDER BY client, permission"

/** What one client does to one application: the grants it asks for, or none where it uninstalls. */
type Grant = string | undefined

interface Client {
  readonly id: string
  /** What the last answer acknowledged, and what has been asked for since. */
  acknowledged: Grant
  asked: { readonly grant: Grant } | undefined
}

/** Installs and uninstalls without end, one request after the other, until the server is gone. */
const bustle = (server: Server, root: string, client: Client, next: () => string, onDone: () => void) =>
  Effect.gen(function* () {
    const peer = yield* RawPeer.connect(server.endpoint)
    for (let turn = 0; !peer.socket.destroyed; turn++) {
      const grant = turn % 3 === 2 ? undefined : next()
      const lines = [
        "clear",
        `id ${client.id}`,
        `path ${root}/${client.id} data`,
        ...(grant === undefined
          ? ["uninstall"]
          : [`permission ${grant}`, `permission ${grant}:too`, "install"])
      ]
      client.asked = { grant }
      yield* peer.send(lines.map((line) => `${line}\n`).join(""))
      assert.deepStrictEqual(
        yield* peer.lines(lines.length),
        lines.map(() => "done")
      )
      client.acknowledged = grant
      client.asked = undefined
      onDone()
    }
  }).pipe(
    Effect.scoped,
    // The connection breaks off when the server is killed; an answer that is not `done` is no such thing.
    Effect.catchDefect((defect) =>
      defect instanceof Error && defect.message.startsWith("the connection ended")
        ? Effect.void
        : Effect.die(defect)
    )
  )

/** The grants of an application, once it is sure that policy, labels and database are of one mind about it. */
const grantOf = (server: Server, root: string, id: string): Grant => {
  const grants = column(
    server,
    `SELECT permission FROM lsm_grant WHERE client = 'App:${id}' ORDER BY permission`
  )
  const [grant] = grants
  assert.deepStrictEqual(grants, grant === undefined ? [] : [grant, `${grant}:too`])
  const installed = grant !== undefined
  assert.deepStrictEqual(
    column(server, `SELECT id FROM lsm_application WHERE id = '${id}'`),
    installed ? [id] : []
  )
  assert.deepStrictEqual(
    column(server, `SELECT path, value FROM lsm_label WHERE application = '${id}'`).toSorted(),
    installed ? [`${root}/${id} App:${id}:Data`, `${root}/${id} TRUE`] : []
  )
  const file = join(server.data, "policies", `${id}.smack`)
  assert.strictEqual(existsSync(file), installed, `the policy of ${id}, which is granted ${grant}`)
  if (installed) assert.strictEqual(readFileSync(file, "utf8"), rulesOf(id))
  return grant
}

const killAndLook = (
  rounds: number,
  args: (root: string) => ReadonlyArray<string>,
  check: (root: string, client: Client, grant: Grant) => void
) =>
  Effect.gen(function* () {
    const root = yield* temporaryDirectory
    const clients = ["one", "two", "three"].map((id): Client => ({
      id,
      acknowledged: undefined,
      asked: undefined
    }))
    for (const { id } of clients) mkdirSync(join(root, id))
    let count = 0
    let acknowledgements = 0
    for (let round = 0; round <= rounds; round++) {
      const server = yield* serve(root, args(root))
      for (const client of clients) {
        const grant = grantOf(server, root, client.id)
        const possible = [client.acknowledged, ...(client.asked === undefined ? [] : [client.asked.grant])]
        assert.include(possible, grant, `${client.id} after round ${round}`)
        check(root, client, grant)
        client.acknowledged = grant
        client.asked = undefined
      }
      assert.deepStrictEqual(query(server, "SELECT * FROM lsm_pending"), [])
      assert.deepStrictEqual(
        readdirSync(join(server.data, "policies")).filter((name) => !name.endsWith(".smack")),
        []
      )
      if (round === rounds) break

      // The moment: so many answers have come, and policy files been touched. The latter is in the middle of things,
      // before the database knows of it.
      let events = 5 + Math.floor(Math.random() * 60)
      const event = () => {
        if (events-- === 0) process.kill(server.process.pid, "SIGKILL")
      }
      const watcher = watch(join(server.data, "policies"), event)
      yield* Effect.forEach(
        clients,
        (client) => {
          const onDone = () => {
            acknowledgements++
            event()
          }
          return bustle(server, root, client, () => `urn:${++count}`, onDone)
        },
        { concurrency: "unbounded", discard: true }
      ).pipe(Effect.ensuring(Effect.sync(() => watcher.close())))
      yield* server.process.exit
    }
    assert.isAbove(acknowledgements, 0)
  })

if (obstacle !== undefined) console.log(`skipping the tests of the server with \`smack\`: ${obstacle}`)

// Servers take most of their time to start, and there is more than one core.
describe.concurrent("Installing", () => {
  describe("with `record`", () => {
    it.live("leaves policy, labels, links and grants, replaces them, and takes them away", () =>
      Effect.gen(function* () {
        const root = yield* temporaryDirectory
        makeApplication(root)
        const server = yield* serve(root)
        yield* tell(server, "id other", "permission urn:kept", "install")
        yield* tell(server, ...demo(root), "install")
        assert.strictEqual(policyOf(server, "demo-1"), rulesOf("demo-1", "host-1"))
        assert.strictEqual(policyOf(server, "other"), rulesOf("other"))
        assert.deepStrictEqual(column(server, "SELECT id FROM lsm_application ORDER BY id"), [
          "demo-1",
          "other"
        ])
        assert.deepStrictEqual(column(server, selectLabels), labels(root))
        assert.deepStrictEqual(query(server, "SELECT * FROM lsm_link"), [
          { path: `${root}/imp/demo-1`, target: `${root}/exp`, label: "App:demo-1", application: "demo-1" }
        ])
        assert.deepStrictEqual(column(server, selectGrants), [
          "App:demo-1 urn:one",
          `App:demo-1 ${partner}`,
          "App:other urn:kept"
        ])
        // Nothing of the application itself is touched.
        assert.deepStrictEqual(readdirSync(join(root, "imp")), [])

        yield* tell(server, "id demo-1", "permission urn:two", `path ${root}/data http`, "install")
        assert.strictEqual(policyOf(server, "demo-1"), rulesOf("demo-1"))
        assert.deepStrictEqual(column(server, selectGrants), ["App:demo-1 urn:two", "App:other urn:kept"])
        assert.include(column(server, selectLabels), `${root}/data security.SMACK64 App:demo-1:Http demo-1`)

        yield* tell(server, ...demo(root), "uninstall")
        assert.deepStrictEqual(readdirSync(join(server.data, "policies")), ["other.smack"])
        assert.deepStrictEqual(column(server, "SELECT id FROM lsm_application"), ["other"])
        assert.deepStrictEqual(column(server, selectGrants), ["App:other urn:kept"])
        for (const table of ["lsm_label", "lsm_link", "lsm_pending"]) {
          assert.deepStrictEqual(query(server, `SELECT * FROM ${table}`), [])
        }
      })
    )

    it.live("writes the policies where it is told", () =>
      Effect.gen(function* () {
        const root = yield* temporaryDirectory
        const server = yield* serve(root, ["--policy-dir", join(root, "deep", "accesses.d")])
        yield* tell(server, "id demo-1", "install")
        assert.deepStrictEqual(readdirSync(join(root, "deep", "accesses.d")), ["demo-1.smack"])
        assert.isFalse(existsSync(join(server.data, "policies")))
      })
    )

    it.live("keeps what was answered `done` when the process is killed right after it", () =>
      Effect.gen(function* () {
        const root = yield* temporaryDirectory
        makeApplication(root)
        const server = yield* serve(root)
        const peer = yield* RawPeer.connect(server.endpoint)
        const lines = [...demo(root), "install"]
        yield* peer.send(lines.map((line) => `${line}\n`).join(""))
        assert.deepStrictEqual(
          yield* peer.lines(lines.length),
          lines.map(() => "done")
        )
        yield* server.process.signal("SIGKILL")
        assert.strictEqual((yield* server.process.exit).signal, "SIGKILL")
        const look = (server: Server) => {
          assert.strictEqual(policyOf(server, "demo-1"), rulesOf("demo-1", "host-1"))
          assert.deepStrictEqual(column(server, selectLabels), labels(root))
          assert.deepStrictEqual(column(server, selectGrants), [
            "App:demo-1 urn:one",
            `App:demo-1 ${partner}`
          ])
        }
        look(server)
        // The socket file that the killed server has left behind is in nobody's way.
        const next = yield* serve(root)
        look(next)
        yield* tell(next, ...demo(root), "uninstall")
        yield* next.process.signal("SIGKILL")
        yield* next.process.exit
        assert.deepStrictEqual(readdirSync(join(next.data, "policies")), [])
        assert.deepStrictEqual(query(next, "SELECT * FROM lsm_grant"), [])
      })
    )

    it.live(
      "agrees with itself about every application after `kill -9`, and what was acknowledged is there",
      () =>
        killAndLook(
          10,
          () => [],
          () => {}
        ),
      60_000
    )
  })

  describe.skipIf(obstacle !== undefined)(
    `with \`smack\`${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`,
    () => {
      const smack = (root: string) => [
        "--security-module",
        "smack",
        "--policy-dir",
        join(root, "data/policies")
      ]

      it.live("labels files and links for all to see, and takes labels and links away again", () =>
        Effect.gen(function* () {
          const root = yield* temporaryDirectory
          makeApplication(root)
          const server = yield* serve(root, smack(root))
          const look = (...names: ReadonlyArray<string>) => names.map((name) => attributes(join(root, name)))
          yield* tell(server, ...demo(root), "install")
          const names = ["conf", "data", "program", "plain", "a b", "imp/demo-1"]
          assert.deepStrictEqual(look(...names), [
            { "security.SMACK64": "App:demo-1:Conf" },
            { "security.SMACK64": "App:demo-1:Data", "security.SMACK64TRANSMUTE": "TRUE" },
            { "security.SMACK64": "App:demo-1:Exec", "security.SMACK64EXEC": "App:demo-1" },
            {},
            { "security.SMACK64": "System:Shared" },
            { "security.SMACK64": "App:demo-1" }
          ])
          assert.strictEqual(readlinkSync(join(root, "imp", "demo-1")), join(root, "exp"))
          assert.deepStrictEqual(readdirSync(join(server.data, "policies")), ["demo-1.smack"])
          yield* tell(server, "id demo-1", `path ${root}/conf default`, "install")
          assert.deepStrictEqual(look("conf"), [{}])
          yield* tell(server, ...demo(root), "uninstall")
          assert.deepStrictEqual(look(...names.slice(0, -1)), [{}, {}, {}, {}, {}])
          assert.deepStrictEqual(readdirSync(join(root, "imp")), [])
          assert.deepStrictEqual(readdirSync(join(server.data, "policies")), [])
        })
      )

      it.live(
        "agrees with what is on the disk after `kill -9`, too",
        () =>
          killAndLook(3, smack, (root, { id }, grant) =>
            assert.deepStrictEqual(
              attributes(join(root, id)),
              grant === undefined
                ? {}
                : { "security.SMACK64": `App:${id}:Data`, "security.SMACK64TRANSMUTE": "TRUE" }
            )
          ),
        60_000
      )
    }
  )
})
