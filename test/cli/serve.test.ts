/** The command `wireline`, as a process: what it prints where, what it takes, how it ends. */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import * as Net from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { temporaryDirectory } from "../support/Directory.ts"
import * as RawPeer from "../support/RawPeer.ts"
import * as Started from "../support/Started.ts"
import { nobody, obstacle, unprivileged } from "../support/Unprivileged.ts"

const socketLine = (path: string) => `sec-lsm-manager listening on unix:${path}\n`

/** Starts the server and waits for its line. */
const listening = (args: ReadonlyArray<string>, options?: Started.StartOptions) =>
  Effect.tap(Started.wireline(args, options), ({ says }) => says("stdout", /\n/))

const unix = (path: string) => RawPeer.connect({ _tag: "Unix", path })

/** Asks it to end, and expects it to end well: with status 0, and nothing said save this. */
const endsWell = ({ exit, signal }: Started.Started, stdout: string, by: NodeJS.Signals = "SIGTERM") =>
  Effect.gen(function* () {
    yield* signal(by)
    assert.deepStrictEqual(yield* exit, { code: 0, signal: null, stdout, stderr: "" })
  })

/** Expects a command line to be refused: status 1, nothing on standard output, one line on the other that says why. */
const refuses = (why: RegExp, args: ReadonlyArray<string>, options?: Started.StartOptions) =>
  Effect.gen(function* () {
    const { code, stderr, stdout } = yield* Started.outcomeOf(args, options)
    assert.match(stderr, /^wireline: [^\n]+\n$/)
    assert.match(stderr, why)
    assert.notMatch(stderr, / at .*:\d+|\bError:/)
    assert.strictEqual(stdout, "")
    assert.strictEqual(code, 1)
  })

/** A test with a directory of its own, which it is given. */
const inDirectory =
  <E>(test: (root: string) => Effect.Effect<void, E, Scope.Scope>) =>
  () =>
    Effect.flatMap(temporaryDirectory, test)

/** Somebody else, when the test runs as root, who may go anywhere. */

// Processes take most of their time to start, and there is more than one core.
describe.concurrent("wireline serve", () => {
  describe("when all is well", () => {
    it.live(
      "prints on standard output where it listens, nothing else, and logs on standard error",
      inDirectory((root) =>
        Effect.gen(function* () {
          const server = yield* listening(["serve", "--data", root])
          const path = join(root, "sec-lsm-manager.socket")
          assert.strictEqual(server.stdout(), socketLine(path))
          assert.strictEqual(statSync(path).mode & 0o777, 0o660)
          const peer = yield* unix(path)
          yield* peer.send("log on\ndisplay\nlog off\n")
          assert.deepStrictEqual(yield* peer.lines(3), ["done on", "done", "done off"])
          yield* server.says("stderr", /^\{"timestamp":"[^"]+","level":"INFO","message":"s->c done on",/)
          yield* server.signal("SIGTERM")
          const { code, stderr, stdout } = yield* server.exit
          assert.strictEqual(code, 0)
          assert.strictEqual(stdout, socketLine(path))
          assert.strictEqual(stderr.split("\n").length, 5)
          // Who comes next finds no socket file that nobody listens on.
          assert.isFalse(existsSync(path))
        })
      )
    )

    it.live(
      "is what the command does that is told nothing else, and takes a relative path",
      inDirectory((root) =>
        Effect.gen(function* () {
          const server = yield* listening(["--data", "here"], { cwd: root })
          yield* endsWell(server, socketLine(join(root, "here", "sec-lsm-manager.socket")))
        })
      )
    )

    it.live(
      "keeps its data below $XDG_STATE_HOME, or below ~/.local/state",
      inDirectory((root) =>
        Effect.gen(function* () {
          const state = join(root, "state")
          yield* endsWell(
            yield* listening(["serve"], { env: { HOME: join(root, "home"), XDG_STATE_HOME: state } }),
            socketLine(join(state, "wireline/sec-lsm-manager.socket"))
          )
          assert.isFalse(existsSync(join(root, "home")))
          assert.strictEqual(statSync(join(state, "wireline")).mode & 0o777, 0o750)
          yield* endsWell(
            yield* listening(["serve"], {
              env: { HOME: join(root, "home"), XDG_STATE_HOME: "not/absolute" }
            }),
            socketLine(join(root, "home/.local/state/wireline/sec-lsm-manager.socket"))
          )
        })
      )
    )

    it.live(
      "takes every flag from the environment, too",
      inDirectory((root) =>
        Effect.gen(function* () {
          const server = yield* listening(["serve"], {
            env: {
              WIRELINE_DATA: join(root, "data"),
              WIRELINE_SEC_LSM_MANAGER: `unix:${root}/s`,
              WIRELINE_SEC_LSM_MANAGER_MAX_FRAME: "20",
              WIRELINE_SECURITY_MODULE: "record",
              WIRELINE_POLICY_DIR: join(root, "policies"),
              WIRELINE_MAX_CONNECTIONS: "1",
              WIRELINE_IDLE_TIMEOUT: "1h"
            }
          })
          const peer = yield* unix(join(root, "s"))
          yield* peer.send("id demo\ninstall\n")
          assert.deepStrictEqual(yield* peer.lines(2), ["done", "done"])
          assert.deepStrictEqual(readdirSync(join(root, "policies")), ["demo.smack"])
          assert.strictEqual(yield* (yield* unix(join(root, "s"))).rest, "")
          yield* peer.send(`permission ${"x".repeat(10)}\n`)
          assert.strictEqual(yield* peer.rest, "error protocol\n")
          assert.strictEqual(server.stdout(), socketLine(join(root, "s")))
          assert.isTrue(existsSync(join(root, "data", "wireline.db")))
        })
      )
    )

    it.live(
      "heeds the flag where there is a variable, too",
      inDirectory((root) =>
        Effect.gen(function* () {
          const flags = {
            data: join(root, "data"),
            "sec-lsm-manager": `unix:${root}/s`,
            "sec-lsm-manager-max-frame": "8192",
            "security-module": "record",
            "policy-dir": join(root, "policies"),
            "max-connections": "10",
            "idle-timeout": "off"
          }
          const variable = (name: string) => `WIRELINE_${name.toUpperCase().replaceAll("-", "_")}`
          const server = yield* listening(
            ["serve", ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])],
            { env: Object.fromEntries(Object.keys(flags).map((name) => [variable(name), "/dev/null/bad"])) }
          )
          yield* endsWell(server, socketLine(join(root, "s")))
          assert.isTrue(existsSync(join(root, "policies")))
        })
      )
    )

    it.live(
      "says nothing to the peer on `stdio:` of what else it serves",
      inDirectory((root) =>
        Effect.gen(function* () {
          const server = yield* Started.wireline(["serve", "--data", root, "--exon", "stdio:"])
          server.stdin.end("list\n")
          const { code, stderr, stdout } = yield* server.exit
          assert.deepStrictEqual(
            { code, stderr, stdout },
            { code: 0, stderr: "", stdout: '{"status":"success","message":"Items found","data":[]}\n' }
          )
        })
      )
    )

    it.live(
      "serves a protocol nowhere that is `off`",
      inDirectory((root) =>
        Effect.gen(function* () {
          const server = yield* listening([
            ...["serve", "--data", root, "--sec-lsm-manager", "off", "--exon", "tcp://127.0.0.1:0"]
          ])
          assert.match(server.stdout(), /^exon listening on tcp:\/\/127\.0\.0\.1:\d+\n$/)
          yield* endsWell(server, server.stdout())
          assert.isFalse(existsSync(join(root, "sec-lsm-manager.socket")))
          assert.isFalse(existsSync(join(root, "policies")))
        })
      )
    )

    it.live(
      "prints the port that was picked, and serves there",
      inDirectory((root) =>
        Effect.gen(function* () {
          for (const host of ["127.0.0.1", "[::1]"]) {
            const server = yield* listening(["serve", "--data", root, "--sec-lsm-manager", `tcp://${host}:0`])
            const match = /^sec-lsm-manager listening on tcp:\/\/(.*):([1-9]\d*)\n$/.exec(server.stdout())
            assert.strictEqual(match?.[1], host)
            const peer = yield* RawPeer.connect({
              _tag: "Tcp",
              host: host.replaceAll(/[[\]]/g, ""),
              port: Number(match![2])
            })
            yield* peer.send("sec-lsm-manager 1\n")
            assert.deepStrictEqual(yield* peer.lines(1), ["done 1"])
            yield* endsWell(server, server.stdout())
          }
        })
      )
    )

    it.live(
      "replaces a socket file that nobody listens on any more",
      inDirectory((root) =>
        Effect.gen(function* () {
          const killed = yield* listening(["serve", "--data", root])
          yield* killed.signal("SIGKILL")
          yield* killed.exit
          const path = join(root, "sec-lsm-manager.socket")
          assert.isTrue(statSync(path).isSocket())
          const server = yield* listening(["serve", "--data", root])
          const peer = yield* unix(path)
          yield* peer.send("display\n")
          assert.deepStrictEqual(yield* peer.lines(1), ["done"])
          yield* endsWell(server, socketLine(path))
        })
      )
    )

    it.live(
      "speaks on standard input and output for `stdio:`, says nothing else there, and ends with its peer",
      inDirectory((root) =>
        Effect.gen(function* () {
          const server = yield* Started.wireline(["serve", "--data", root, "--sec-lsm-manager", "stdio:"])
          server.stdin.write("sec-lsm-manager 1\nid demo\n")
          yield* server.says("stdout", /^done 1\ndone\n$/)
          server.stdin.end("log on\ndisplay\nlost")
          const { code, stderr, stdout } = yield* server.exit
          assert.strictEqual(stdout, "done 1\ndone\ndone on\nstring id demo\ndone\n")
          assert.match(stderr, /s->c string id demo/)
          assert.strictEqual(code, 0)
        })
      )
    )

    it.live(
      "ends when it has closed the conversation on `stdio:` itself",
      inDirectory((root) =>
        Effect.gen(function* () {
          const server = yield* Started.wireline(["serve", "--data", root, "--sec-lsm-manager", "stdio:"])
          server.stdin.write("id demo\nfrobnicate\n")
          const { code, stderr, stdout } = yield* server.exit
          assert.deepStrictEqual(
            { code, stderr, stdout },
            { code: 0, stderr: "", stdout: "done\nerror protocol\n" }
          )
        })
      )
    )

    it.live(
      "takes over the socket that it is handed with `fd:NAME`",
      inDirectory((root) =>
        Effect.gen(function* () {
          const { descriptor, port, release } = yield* listeningSocket
          // systemd says for which process it is, which only that process itself can know here.
          const server = yield* Started.start(
            ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", process.execPath, "scripts/wireline.js", "serve"],
            {
              descriptor,
              env: {
                ...Started.compiling,
                LISTEN_FDS: "1",
                LISTEN_FDNAMES: "security",
                WIRELINE_DATA: root,
                WIRELINE_SEC_LSM_MANAGER: "fd:security"
              }
            }
          )
          yield* release
          yield* server.says("stdout", /^sec-lsm-manager listening on fd:security\n$/)
          const peer = yield* RawPeer.connect({ _tag: "Tcp", host: "127.0.0.1", port })
          yield* peer.send("sec-lsm-manager 1\n")
          assert.deepStrictEqual(yield* peer.lines(1), ["done 1"])
          yield* endsWell(server, "sec-lsm-manager listening on fd:security\n")
        })
      )
    )
  })

  describe("at a signal", () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      it.live(
        `answers what it has received, refuses new clients, closes and exits with 0: ${signal}`,
        inDirectory((root) =>
          Effect.gen(function* () {
            const server = yield* listening(["serve", "--data", root])
            const path = join(root, "sec-lsm-manager.socket")
            const idle = yield* unix(path)
            const busy = yield* unix(path)
            yield* busy.send("id demo\n")
            assert.deepStrictEqual(yield* busy.lines(1), ["done"])
            // When the write is done, the kernel has it for the server.
            yield* Effect.promise(
              () =>
                new Promise<void>((resolve) => {
                  busy.socket.write(
                    `permission urn:p\ninstall\n${"log\n".repeat(20_000)}display\nincomplete`,
                    () => resolve()
                  )
                })
            )
            yield* server.signal(signal)
            assert.strictEqual(
              yield* busy.rest,
              `done\ndone\n${"done off\n".repeat(20_000)}string id demo\nstring permission urn:p\ndone\n`
            )
            assert.strictEqual(yield* idle.rest, "")
            const { code, stderr } = yield* server.exit
            assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
            assert.deepStrictEqual(readdirSync(join(root, "policies")), ["demo.smack"])
          })
        )
      )
    }
  })

  describe("refuses, with one line and the status 1,", () => {
    it.live("a command line that it does not understand", () =>
      Effect.forEach(
        [
          [/--bogus/, ["serve", "--bogus"]],
          [/frobnicate/, ["frobnicate"]],
          [/extra/, ["serve", "extra"]],
          [/--data/, ["--data"]]
        ] as ReadonlyArray<readonly [RegExp, ReadonlyArray<string>]>,
        ([why, args]) => refuses(why, args),
        { concurrency: 2, discard: true }
      )
    )

    it.live("a value that it does not understand, from a flag or from the environment, saying which", () =>
      Effect.gen(function* () {
        yield* refuses(/--data\b/, ["serve", "--data", ""])
        yield* Effect.forEach(
          [
            ["sec-lsm-manager", "http://localhost", /tls:\/\/HOST:PORT, unix:PATH, fd:NAME or stdio:/],
            ["sec-lsm-manager", "tcp://localhost:70000", /tcp:\/\/HOST:PORT/],
            ["sec-lsm-manager-max-frame", "8k", /number/],
            ["security-module", "selinux", /"record" \| "smack"/],
            ["max-connections", "0", /greater than 0|above 0/],
            ["idle-timeout", "5", /30s, 10m or 2h, or off/]
          ] as ReadonlyArray<readonly [string, string, RegExp]>,
          ([name, value, why], i) =>
            refuses(
              new RegExp(`--${name}: "${RegExp.escape(value)}".*${why.source}`),
              ["serve", ...(i % 2 === 0 ? [`--${name}`, value] : [])],
              i % 2 === 0 ? {} : { env: { [`WIRELINE_${name.toUpperCase().replaceAll("-", "_")}`]: value } }
            ),
          { concurrency: 2, discard: true }
        )
      })
    )

    it.live(
      "a second server on the same data directory, and leaves the first one alone",
      inDirectory((root) =>
        Effect.gen(function* () {
          const server = yield* listening(["serve", "--data", root])
          yield* refuses(/cannot use the data directory .*another process is using it/, [
            ...["serve", "--data", root, "--sec-lsm-manager", `unix:${root}/other`]
          ])
          const peer = yield* unix(join(root, "sec-lsm-manager.socket"))
          yield* peer.send("id demo\ninstall\n")
          assert.deepStrictEqual(yield* peer.lines(2), ["done", "done"])
          yield* endsWell(server, server.stdout())
        })
      )
    )

    it.live(
      "a port in use, a socket in use, a file that is no socket",
      inDirectory((root) =>
        Effect.gen(function* () {
          const data = join(root, "data")
          const server = yield* listening(["serve", "--data", join(root, "other")])
          const { port, release } = yield* listeningSocket
          const file = join(root, "file")
          writeFileSync(file, "precious")
          const refused = (endpoint: string, why: RegExp) =>
            refuses(new RegExp(`cannot listen on ${RegExp.escape(endpoint)}: ${why.source}`), [
              ...["serve", "--data", data, "--sec-lsm-manager", endpoint]
            ])
          // One after the other, for they have a data directory in common.
          yield* refused(`tcp://127.0.0.1:${port}`, /the address is in use/)
          yield* refused(`unix:${root}/other/sec-lsm-manager.socket`, /another program is listening there/)
          yield* refused(`unix:${file}`, /there is a file that is not a socket/)
          yield* refused(`unix:${root}/${"x".repeat(107)}`, /the path has more than 107 bytes/)
          yield* refused("fd:security", /no socket was handed over/)
          assert.strictEqual(statSync(file).size, "precious".length)
          yield* release
          yield* endsWell(server, server.stdout())
        })
      )
    )

    it.live(
      "a socket in a directory that is missing, and says that it is missing",
      inDirectory((root) =>
        refuses(/cannot listen on unix:\/.*\/missing\/socket: its directory does not exist/, [
          ...["serve", "--data", root, "--sec-lsm-manager", `unix:${root}/missing/socket`]
        ])
      )
    )

    it.live(
      "a data directory that cannot be one, or that holds something else",
      inDirectory((root) =>
        Effect.gen(function* () {
          const refused = (data: string, why: RegExp) => refuses(why, ["serve", "--data", data])
          writeFileSync(join(root, "file"), "")
          mkdirSync(join(root, "broken"))
          writeFileSync(
            join(root, "broken", "wireline.db"),
            "this is no database, and it is long enough to see"
          )
          yield* refused(join(root, "file"), /a part of the path is not a directory/)
          yield* refused(join(root, "file", "below"), /a part of the path is not a directory/)
          yield* refused(join(root, "broken"), /the file is not a database/)
        })
      )
    )

    it.live.skipIf(obstacle !== undefined)(
      "a data directory that it may not write",
      inDirectory((root) =>
        Effect.gen(function* () {
          mkdirSync(join(root, "locked"), { mode: 0o555 })
          if (nobody !== undefined) chownSync(root, nobody.uid, nobody.gid)
          for (const data of [join(root, "locked"), join(root, "locked", "below")]) {
            yield* refuses(/permission denied/, ["serve", "--data", data], unprivileged)
          }
        })
      )
    )

    it.live(
      "to serve nothing, and two protocols to one peer",
      inDirectory((root) =>
        Effect.gen(function* () {
          yield* refuses(/every protocol is off/, ["serve", "--data", root, "--sec-lsm-manager", "off"])
          yield* refuses(/two protocols cannot share stdio:/, [
            ...["serve", "--data", root, "--sec-lsm-manager", "stdio:", "--exon", "stdio:"]
          ])
        })
      )
    )

    it.live(
      "a data directory where none can be made, at once",
      inDirectory(() => refuses(/cannot use the data directory/, ["serve", "--data", "/proc/wireline"])),
      10_000
    )

    it.live(
      "a policy directory that cannot be one",
      inDirectory((root) =>
        Effect.gen(function* () {
          writeFileSync(join(root, "file"), "")
          yield* refuses(/cannot create the policy directory/, [
            ...["serve", "--data", join(root, "data"), "--policy-dir", join(root, "file", "policies")]
          ])
        })
      )
    )

    it.live.skipIf(obstacle !== undefined)(
      "`smack` to whom may not label files",
      inDirectory((root) =>
        Effect.gen(function* () {
          if (nobody !== undefined) chownSync(root, nobody.uid, nobody.gid)
          yield* refuses(
            /cannot label files: .*(?:CAP_SYS_ADMIN|install the package attr)/,
            ["serve", "--data", root, "--security-module", "smack", "--policy-dir", join(root, "policies")],
            unprivileged
          )
        })
      )
    )
  })
})

describe.concurrent("wireline", () => {
  it.live("tells its version", () =>
    Effect.gen(function* () {
      const { version } = JSON.parse(readFileSync(join(Started.repository, "package.json"), "utf8")) as {
        readonly version: string
      }
      assert.deepStrictEqual(yield* Started.outcomeOf(["--version"]), {
        code: 0,
        signal: null,
        stdout: `wireline v${version}\n`,
        stderr: ""
      })
    })
  )

  it.live("tells what there is, and of `serve` every flag with its variable", () =>
    Effect.gen(function* () {
      const help = yield* Started.outcomeOf(["--help"])
      assert.strictEqual(help.code, 0)
      assert.strictEqual(help.stderr, "")
      assert.match(help.stdout, /^ {2}serve {2,}\S/m)
      const serve = yield* Started.outcomeOf(["serve", "--help"])
      assert.strictEqual(serve.code, 0)
      for (const name of [
        ...["data", "sec-lsm-manager", "sec-lsm-manager-max-frame", "security-module", "policy-dir"],
        ...["max-connections", "idle-timeout"]
      ]) {
        assert.include(serve.stdout, `--${name} `)
        assert.include(serve.stdout, `[WIRELINE_${name.toUpperCase().replaceAll("-", "_")}]`)
      }
    })
  )

  // npm keeps a cache in the home directory.
  const npm = { env: { ...process.env, ...Started.compiling }, group: true }

  it.live("is the same command through `npx`", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* Effect.flatMap(
        Started.start(["npx", "--no-install", "wireline", "--version"], npm),
        ({ exit }) => exit
      )
      assert.match(stdout, /^wireline v\d+\.\d+\.\d+\S*\n$/)
      assert.strictEqual(code, 0)
    })
  )

  for (const command of [
    ["npx", "--no-install", "wireline", "serve"],
    ["npm", "start", "--silent", "--"]
  ] as const) {
    it.live(
      `serves through \`${command.join(" ")}\`, and prints no more`,
      inDirectory((root) =>
        Effect.gen(function* () {
          const server = yield* Started.start([...command, "--data", root], npm)
          yield* server.says("stdout", /\n/)
          const path = join(root, "sec-lsm-manager.socket")
          const peer = yield* unix(path)
          yield* peer.send("sec-lsm-manager 1\n")
          assert.deepStrictEqual(yield* peer.lines(1), ["done 1"])
          yield* server.signal("SIGINT")
          assert.strictEqual(yield* peer.rest, "")
          const { stdout } = yield* server.exit
          assert.strictEqual(stdout, socketLine(path))
          assert.isFalse(existsSync(path))
        })
      )
    )
  }
})

/** A socket that listens, to hand over: its descriptor and its port; `release` leaves it to whom it was handed. */
const listeningSocket = Effect.gen(function* () {
  const server = yield* Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<Net.Server>((resolve) => {
          const server = Net.createServer().listen(0, "127.0.0.1", () => resolve(server))
        })
    ),
    (server) => Effect.sync(() => void server.close())
  )
  // Node has no public name for the descriptor of a listening socket.
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle
  const { port } = server.address() as Net.AddressInfo
  return { descriptor: fd, port, release: Effect.sync(() => void server.close()) }
})
