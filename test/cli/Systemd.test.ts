/** What systemd is told by a server, heard on a real socket for datagrams, and the units, read by systemd itself. */
import { spawnSync } from "node:child_process"
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { temporaryDirectory } from "../support/Directory.ts"
import * as Started from "../support/Started.ts"

const isMissing = (program: string) => spawnSync(program, ["--version"]).error !== undefined

const missing = (...programs: ReadonlyArray<string>): string | undefined => {
  const absent = programs.filter(isMissing)
  return absent.length === 0 ? undefined : `this machine has no ${absent.join(" and no ")}`
}

const because = (obstacle: string | undefined) => (obstacle === undefined ? "" : ` (skipped: ${obstacle})`)

const deaf = missing("systemd-notify", "python3")

// Prints each message as a line. What systemd-notify waits for at the end, BARRIER=1, is done when its descriptor closes.
const receiver = `
import socket, sys
receiving = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiving.bind(sys.argv[1])
print("listening", flush=True)
while True:
    message = receiving.recv(4096).decode()
    if message != "BARRIER=1": print(message.replace("\\n", " "), flush=True)
`

/** Somebody who listens as systemd does. */
const systemd = Effect.gen(function* () {
  const socket = join(yield* temporaryDirectory, "notify")
  const heard = yield* Started.start(["python3", "-c", receiver, socket])
  yield* heard.says("stdout", /^listening\n/)
  return {
    socket,
    hears: (pattern: RegExp) => heard.says("stdout", pattern),
    heard: () => heard.stdout().trimEnd().split("\n").slice(1)
  }
})

const serve = (
  env: Readonly<Record<string, string | undefined>>,
  ...args: ReadonlyArray<string>
): Effect.Effect<Started.Started, never, Scope.Scope> =>
  Effect.gen(function* () {
    const data = yield* temporaryDirectory
    return yield* Started.wireline(["serve", "--data", data, ...args], { env })
  })

const listening = /^sec-lsm-manager listening on .*\n/

const endsWell = (server: Started.Started) =>
  Effect.gen(function* () {
    yield* server.signal("SIGTERM")
    const { code, signal, stderr } = yield* server.exit
    assert.deepStrictEqual({ code, signal }, { code: 0, signal: null })
    return stderr
  })

describe.skipIf(deaf !== undefined)(`systemd${because(deaf)}`, { concurrent: true, timeout: 60_000 }, () => {
  it.live("is told when all protocols are served, when files are read again, and when the server stops", () =>
    Effect.gen(function* () {
      const { heard, hears, socket } = yield* systemd
      const server = yield* serve({ NOTIFY_SOCKET: socket })
      yield* hears(/^READY=1\n/m)
      assert.match(server.stdout(), listening)
      yield* server.signal("SIGHUP")
      yield* hears(/^READY=1\nRELOADING=1 MONOTONIC_USEC=\d+\nREADY=1\n/m)
      yield* endsWell(server)
      yield* hears(/^STOPPING=1\n/m)
      assert.lengthOf(heard(), 4)
    })
  )

  it.live("hears nothing of a server that cannot serve, save that it has ended", () =>
    Effect.gen(function* () {
      const { heard, socket } = yield* systemd
      const server = yield* serve({ NOTIFY_SOCKET: socket }, "--sec-lsm-manager", "fd:nowhere")
      assert.strictEqual((yield* server.exit).code, 1)
      assert.deepStrictEqual(heard(), [])
    })
  )

  it.live("hears from the watchdog's server again and again", () =>
    Effect.gen(function* () {
      const { hears, socket } = yield* systemd
      const server = yield* serve({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: "200000" })
      yield* hears(/(?:WATCHDOG=1\n(?:READY=1\n)?){4}/)
      yield* endsWell(server)
    })
  )

  it.live("hears nothing from a server that does not turn, until that goes on", () =>
    Effect.gen(function* () {
      const { heard, hears, socket } = yield* systemd
      const server = yield* serve({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: "20000" })
      yield* hears(/READY=1\n[^]*WATCHDOG=1\n/)
      yield* server.signal("SIGSTOP")
      // What was on its way is there by now; then others have their say for longer than the server would be silent.
      const times = 20
      for (let i = 0; i < times; i++) spawnSync("systemd-notify", [`STATUS=${i}`], { env: notifying(socket) })
      yield* hears(/STATUS=19\n/)
      assert.isAtMost(heard().join("\n").split("STATUS=0\n")[1]!.split("\n").length, times)
      yield* server.signal("SIGCONT")
      yield* hears(/STATUS=19\n[^]*WATCHDOG=1\n/)
      yield* endsWell(server)
    })
  )

  it.live("is not told that another process is alive", () =>
    Effect.gen(function* () {
      const { heard, hears, socket } = yield* systemd
      const server = yield* serve({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: "1000", WATCHDOG_PID: "1" })
      yield* hears(/^READY=1\n/m)
      yield* endsWell(server)
      yield* hears(/^STOPPING=1\n/m)
      assert.deepStrictEqual(heard(), ["READY=1", "STOPPING=1"])
    })
  )

  it.live("may be gone: the server says so, and serves", () =>
    Effect.gen(function* () {
      const server = yield* serve({ NOTIFY_SOCKET: join(yield* temporaryDirectory, "nobody") })
      yield* server.says("stderr", /"level":"WARN","message":"systemd was not told: [^"]+"\}\n/)
      assert.match(server.stdout(), listening)
      yield* endsWell(server)
    })
  )
})

describe("A server without systemd-notify", () => {
  it.live("says that it cannot tell systemd anything, and serves", () =>
    Effect.gen(function* () {
      const path = yield* temporaryDirectory
      const server = yield* serve({ NOTIFY_SOCKET: "/run/systemd/notify", PATH: path })
      yield* server.says("stderr", /"message":"systemd was not told: there is no systemd-notify[^"]*"\}\n/)
      yield* endsWell(server)
    })
  )
})

const notifying = (socket: string) => ({ PATH: process.env["PATH"], NOTIFY_SOCKET: socket })

const unread = missing("systemd-analyze")
const folder = join(Started.repository, "scripts", "systemd")

describe.skipIf(unread !== undefined)(`The units${because(unread)}`, () => {
  /** The units, copied, with the program of the checkout in the place of the one that is installed. */
  const copied = Effect.map(temporaryDirectory, (directory) => {
    cpSync(folder, directory, { recursive: true })
    const service = join(directory, "wireline.service")
    const unit = readFileSync(service, "utf8")
    writeFileSync(
      service,
      unit.replace("ExecStart=wireline ", `ExecStart=${Started.repository}scripts/wireline.js `)
    )
    return directory
  })

  const complaints = (directory: string) => {
    const units = readdirSync(directory).filter((name) => /\.(?:service|socket)$/.test(name))
    assert.lengthOf(units, 3)
    const { status, stderr } = spawnSync(
      "systemd-analyze",
      ["verify", "--man=no", ...units.map((name) => join(directory, name))],
      { encoding: "utf8" }
    )
    return { status, stderr }
  }

  it.live("are accepted by systemd without a word, drop-in and all", () =>
    Effect.gen(function* () {
      const directory = yield* copied
      assert.deepStrictEqual(complaints(directory), { status: 0, stderr: "" })
      const dropIn = join(directory, "wireline.service.d", "sockets.conf")
      writeFileSync(dropIn, readFileSync(dropIn, "utf8").replace("After=", "Afterwards="))
      assert.match(complaints(directory).stderr, /sockets\.conf:\d+: Unknown key/)
    })
  )

  it("hand over sockets under the names that the server is told", () => {
    const dropIn = readFileSync(join(folder, "wireline.service.d", "sockets.conf"), "utf8")
    for (const name of ["exon", "rscp"]) {
      assert.include(dropIn, `WIRELINE_${name.toUpperCase()}=fd:${name}`)
      assert.include(
        readFileSync(join(folder, `wireline-${name}.socket`), "utf8").split("\n"),
        `FileDescriptorName=${name}`
      )
    }
  })
})
