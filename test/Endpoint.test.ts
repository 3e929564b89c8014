import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Deferred, Duration, Effect, Exit, Fiber, Layer, Schema, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Net from "node:net"
import { networkInterfaces } from "node:os"
import { join } from "node:path"
import * as Endpoint from "../src/Endpoint.ts"
import { serveProbe } from "./support/Child.ts"
import { temporaryDirectory } from "./support/Directory.ts"
import { withLogs } from "./support/Happenings.ts"
import { count, open, serve, Session, Stage, tcp, unix, until } from "./support/Probe.ts"
import * as RawPeer from "./support/RawPeer.ts"
import { passing, turn } from "./support/Time.ts"

const staged = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, Stage.layer, { local: true })

const ask = (peer: RawPeer.RawPeer, line: string) =>
  Effect.andThen(
    peer.send(`${line}\n`),
    Effect.map(peer.lines(1), ([reply]) => reply!)
  )

/** Asks a server that must be there. */
const assertServes = (endpoint: Extract<Endpoint.Endpoint, { _tag: "Tcp" | "Unix" }>) =>
  Effect.gen(function* () {
    assert.strictEqual(yield* ask(yield* RawPeer.connect(endpoint), "say a"), "said a")
  })

/** Why a connection is refused. */
const refusal = (options: Net.NetConnectOpts) =>
  Effect.promise(async () => {
    const socket = Net.createConnection(options)
    try {
      const [error]: Array<NodeJS.ErrnoException> = await new Promise((resolve, reject) => {
        socket.once("error", (error) => resolve([error]))
        socket.once("connect", () => reject(new Error("the connection was accepted")))
      })
      return error!.code
    } finally {
      socket.destroy()
    }
  })

/** Why a server cannot listen. */
const problemOf = (endpoint: Endpoint.Endpoint) =>
  Effect.map(Effect.flip(Effect.scoped(Layer.build(Endpoint.layerServer(endpoint)))), (error) => {
    assert.instanceOf(error, Endpoint.ListenError)
    assert.strictEqual(error.endpoint, Endpoint.format(endpoint))
    assert.notInclude(error.message, "\n")
    return error.message
  })

/** Listens without Wireline and never accepts; the socket file stays when it ends. */
const bystander = (options: Net.ListenOptions): Effect.Effect<Net.Server, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = Net.createServer().listen(
        options.path === undefined ? options : { path: `${options.path}~` }
      )
      await once(server, "listening")
      // Node.js removes the file by the name that it was bound by.
      if (options.path !== undefined) Fs.renameSync(`${options.path}~`, options.path)
      return server
    }),
    (server) => Effect.sync(() => server.close())
  )

const stop = (server: Net.Server) => Effect.promise(() => once(server.close(), "close"))

const descriptorOf = (handle: Net.Server | Net.Socket): number =>
  (handle as unknown as { readonly _handle: { readonly fd: number } })._handle.fd

describe("An endpoint as it is written", () => {
  const decode = Schema.decodeExit(Endpoint.FromString)

  const Host = Schema.Union([
    Schema.Literals([
      "localhost",
      "127.0.0.1",
      "0.0.0.0",
      "::",
      "::1",
      "fe80::1%eth0",
      "::ffff:1.2.3.4",
      "a-b.example"
    ]),
    Schema.String.check(Schema.isPattern(/^[-a-z0-9.]{1,20}$/))
  ])
  const Text = Schema.NonEmptyString
  const AnyEndpoint: Arbitrary.Arbitrary<Endpoint.Endpoint> = Arbitrary.map(
    Arbitrary.all({
      host: Arbitrary.schema(Host),
      port: Arbitrary.schema(Schema.Port),
      text: Arbitrary.schema(Text),
      pick: Arbitrary.schema(Schema.Literals(["Tcp", "Tls", "Unix", "Fd", "Stdio"]))
    }),
    ({ host, pick, port, text }): Endpoint.Endpoint => {
      switch (pick) {
        case "Tcp":
        case "Tls":
          return { _tag: pick, host, port }
        case "Unix":
          return { _tag: "Unix", path: text }
        case "Fd":
          return { _tag: "Fd", name: text }
        case "Stdio":
          return { _tag: "Stdio" }
      }
    }
  )

  it.effect.prop("is read back", [AnyEndpoint], ([endpoint]) =>
    Effect.gen(function* () {
      const text = yield* Schema.encodeEffect(Endpoint.FromString)(endpoint)
      assert.strictEqual(text, Endpoint.format(endpoint))
      assert.deepStrictEqual(yield* Schema.decodeEffect(Endpoint.FromString)(text), endpoint)
    })
  )

  it.prop("is read from no text that is not one", [Schema.String], ([text]) => {
    const exit = decode(text)
    if (Exit.isSuccess(exit)) assert.match(text, /^(tcp:\/\/|tls:\/\/|unix:|fd:|stdio:$)/)
  })

  for (const [text, endpoint] of [
    ["tcp://localhost:8878", { _tag: "Tcp", host: "localhost", port: 8878 }],
    ["tcp://0.0.0.0:0", { _tag: "Tcp", host: "0.0.0.0", port: 0 }],
    ["tcp://[::1]:65535", { _tag: "Tcp", host: "::1", port: 65_535 }],
    ["tcp://[fe80::1%eth0]:1", { _tag: "Tcp", host: "fe80::1%eth0", port: 1 }],
    ["tls://localhost:6556", { _tag: "Tls", host: "localhost", port: 6556 }],
    ["tls://[fe80::1%eth0]:1", { _tag: "Tls", host: "fe80::1%eth0", port: 1 }],
    ["unix:/run/a b:c", { _tag: "Unix", path: "/run/a b:c" }],
    ["unix:relative", { _tag: "Unix", path: "relative" }],
    ["fd:wireline", { _tag: "Fd", name: "wireline" }],
    ["stdio:", { _tag: "Stdio" }]
  ] as const) {
    it(`may be ${text}`, () => {
      assert.deepStrictEqual(decode(text), Exit.succeed(endpoint))
      assert.strictEqual(Endpoint.format(endpoint), text)
    })
  }

  for (const text of [
    "",
    "tcp:",
    "tcp://",
    "tcp://localhost",
    "tcp://localhost:",
    "tcp://localhost:65536",
    "tcp://localhost:-1",
    "tcp://localhost:1x",
    "tcp://:80",
    "tcp://::1:80",
    "tcp://[::1]",
    "tcp://[localhost]:80",
    "tcp://[]:80",
    "tcp://localhost:80/",
    "tcp://a/b:80",
    "TCP://localhost:80",
    "tls://localhost",
    "tls://localhost:65536",
    "tls://::1:80",
    "tls:localhost:80",
    "ssl://localhost:80",
    "localhost:80",
    "http://localhost:80",
    "unix:",
    "/run/socket",
    "fd:",
    "stdio",
    "stdio:x",
    " stdio:",
    "unix"
  ]) {
    it(`may not be ${JSON.stringify(text)}, and the message says what may`, () => {
      const exit = decode(text)
      assert.include(
        String(exit),
        "Expected an endpoint: tcp://HOST:PORT, tls://HOST:PORT, unix:PATH, fd:NAME or stdio:"
      )
    })
  }
})

describe("A server on TCP", () => {
  it.effect("picks a free port for port 0, and says which", () =>
    staged(
      Effect.gen(function* () {
        const one = yield* serve(tcp)
        const two = yield* serve(tcp)
        assert.isAbove(one.endpoint.port, 0)
        assert.notStrictEqual(one.endpoint.port, two.endpoint.port)
        yield* assertServes(one.endpoint)
        yield* assertServes(two.endpoint)
      })
    )
  )

  const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === "::1")
  )
  if (!hasIPv6) console.log("skipped: this machine has no IPv6 loopback")
  it.effect.skipIf(!hasIPv6)("may be on IPv6", () =>
    staged(
      Effect.gen(function* () {
        const written = yield* Schema.decodeEffect(Endpoint.FromString)("tcp://[::1]:0")
        const { endpoint } = yield* serve(written as typeof tcp)
        assert.match(Endpoint.format(endpoint), /^tcp:\/\/\[::1\]:[1-9]\d*$/)
        const peer = yield* RawPeer.connect(endpoint)
        assert.strictEqual(yield* ask(peer, "who"), `said tcp://[::1]:${peer.socket.localPort}`)
      })
    )
  )

  it.effect("says that an address is in use, and leaves who uses it alone", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(tcp)
        assert.strictEqual(
          yield* problemOf(endpoint),
          `cannot listen on ${Endpoint.format(endpoint)}: the address is in use; stop the program that listens there or choose another`
        )
        yield* assertServes(endpoint)
      })
    )
  )

  it.effect("says that the machine does not have an address", () =>
    Effect.gen(function* () {
      const problem = yield* problemOf({ _tag: "Tcp", host: "192.0.2.1", port: 0 })
      assert.match(problem, /: this machine does not have the address; /)
    })
  )

  it.effect("gives the port back when it stops", () =>
    staged(
      Effect.gen(function* () {
        const first = yield* serve(tcp)
        yield* assertServes(first.endpoint)
        yield* first.stop
        assert.strictEqual(yield* refusal(first.endpoint), "ECONNREFUSED")
        const second = yield* serve(first.endpoint)
        yield* assertServes(second.endpoint)
      })
    )
  )
})

describe("A server on a Unix socket", () => {
  for (const umask of [0o000, 0o022, 0o077, 0o777]) {
    it.effect(`makes its file with mode 0660 under umask ${umask.toString(8)}, and leaves the umask`, () =>
      staged(
        Effect.gen(function* () {
          const where = yield* unix
          const before = yield* Effect.acquireRelease(
            Effect.sync(() => process.umask(umask)),
            (before) => Effect.sync(() => process.umask(before))
          )
          const { endpoint } = yield* serve(where)
          assert.strictEqual(process.umask(before), umask)
          assert.strictEqual(Fs.statSync(endpoint.path).mode & 0o777, 0o660)
          yield* assertServes(endpoint)
        })
      )
    )
  }

  it.effect("removes its file when it stops", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint, stop } = yield* serve(yield* unix)
        yield* assertServes(endpoint)
        yield* stop
        assert.isFalse(Fs.existsSync(endpoint.path))
      })
    )
  )

  it.effect("replaces a file that nobody listens on", () =>
    staged(
      Effect.gen(function* () {
        const where = yield* unix
        yield* stop(yield* bystander(where))
        assert.isTrue(Fs.statSync(where.path).isSocket())
        assert.strictEqual(yield* refusal(where), "ECONNREFUSED")
        yield* assertServes((yield* serve(where)).endpoint)
      })
    )
  )

  it.live("replaces the file of a server that was killed", () =>
    staged(
      Effect.gen(function* () {
        const where = yield* unix
        const child = yield* serveProbe(Endpoint.format(where))
        yield* child.said.until(/^listening on unix:/)
        yield* assertServes(where)
        child.process.kill("SIGKILL")
        assert.strictEqual(yield* child.exit, "SIGKILL")
        assert.isTrue(Fs.statSync(where.path).isSocket())
        yield* assertServes((yield* serve(where)).endpoint)
      })
    )
  )

  it.effect("refuses a file that another server listens on, and leaves that one working", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        assert.strictEqual(
          yield* problemOf(endpoint),
          `cannot listen on unix:${endpoint.path}: another program is listening there; stop that program or choose another path`
        )
        yield* assertServes(endpoint)
      })
    )
  )

  it.effect("refuses a file or a directory that is there, and leaves it alone", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const path = join(directory, "file")
      Fs.writeFileSync(path, "precious")
      const link = join(directory, "link")
      Fs.symlinkSync(path, link)
      for (const taken of [path, directory, link]) {
        assert.strictEqual(
          yield* problemOf({ _tag: "Unix", path: taken }),
          `cannot listen on unix:${taken}: there is a file that is not a socket; remove it or choose another path`
        )
      }
      assert.strictEqual(Fs.readFileSync(path, "utf8"), "precious")
      assert.deepStrictEqual(Fs.readdirSync(directory).toSorted(), ["file", "link"])
    })
  )

  it.effect("says that its directory does not exist", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      assert.match(
        yield* problemOf({ _tag: "Unix", path: join(directory, "none/s") }),
        /: its directory does not exist; create it or choose another path$/
      )
    })
  )

  it.effect("says that its directory is none", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      Fs.writeFileSync(join(directory, "file"), "")
      assert.match(
        yield* problemOf({ _tag: "Unix", path: join(directory, "file/s") }),
        /: a part of its path is not a directory; choose another path$/
      )
    })
  )

  it.effect("takes a path of 107 bytes and says of a longer one that it is too long", () =>
    staged(
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const longest = join(directory, "é".repeat(60)).slice(0, 107)
        const room = 107 - Buffer.byteLength(join(directory, "x"))
        const path = join(directory, "x".repeat(room + 1))
        assert.strictEqual(Buffer.byteLength(path), 107)
        const { endpoint } = yield* serve({ _tag: "Unix", path })
        yield* assertServes(endpoint)
        for (const tooLong of [`${path}x`, longest]) {
          assert.strictEqual(
            yield* problemOf({ _tag: "Unix", path: tooLong }),
            `cannot listen on unix:${tooLong}: the path has more than 107 bytes; choose a shorter one`
          )
        }
      })
    )
  )
})

describe("A server on a socket that is handed over", () => {
  /** Where it listens, and how it is reached. */
  const sockets: ReadonlyArray<
    readonly [
      string,
      Effect.Effect<
        {
          readonly server: Net.Server
          readonly endpoint: Extract<Endpoint.Endpoint, { _tag: "Tcp" | "Unix" }>
        },
        never,
        Scope.Scope
      >
    ]
  > = [
    [
      "TCP",
      Effect.map(bystander({ host: "127.0.0.1", port: 0 }), (server) => {
        const { port } = server.address() as Net.AddressInfo
        return { server, endpoint: { ...tcp, port } }
      })
    ],
    [
      "a Unix socket",
      Effect.flatMap(unix, (endpoint) => Effect.map(bystander(endpoint), (server) => ({ server, endpoint })))
    ]
  ]

  for (const [name, listen] of sockets) {
    it.live(`serves on ${name}, by its name among others, and leaves it when it stops`, () =>
      Effect.gen(function* () {
        const { endpoint, server } = yield* listen
        const child = yield* serveProbe("fd:probe", {
          handOver: true,
          environment: { LISTEN_FDS: "2", LISTEN_FDNAMES: "other:probe" },
          stdio: ["ignore", "ignore", "pipe", "ignore", descriptorOf(server)]
        })
        yield* stop(server)
        yield* child.said.until("listening on fd:probe")
        yield* assertServes(endpoint)
        const peer = yield* RawPeer.connect(endpoint)
        assert.strictEqual(yield* ask(peer, "count"), "said 1")
        child.process.kill("SIGTERM")
        assert.strictEqual(yield* peer.rest, "")
        yield* child.exit
        if (endpoint._tag === "Unix") assert.isTrue(Fs.statSync(endpoint.path).isSocket())
      })
    )
  }

  const environments: Record<
    string,
    { readonly environment: Record<string, string>; readonly handOver: boolean; readonly problem: RegExp }
  > = {
    "without LISTEN_FDS": {
      environment: { LISTEN_FDNAMES: "probe" },
      handOver: true,
      problem:
        /^cannot listen on fd:probe: no socket was handed over to this process \(LISTEN_FDS, LISTEN_PID\); /
    },
    "without LISTEN_PID": {
      environment: { LISTEN_FDS: "1", LISTEN_FDNAMES: "probe" },
      handOver: false,
      problem: /^cannot listen on fd:probe: no socket was handed over to this process/
    },
    "meant for another process": {
      environment: { LISTEN_FDS: "1", LISTEN_FDNAMES: "probe", LISTEN_PID: "1" },
      handOver: false,
      problem: /^cannot listen on fd:probe: no socket was handed over to this process/
    },
    "of another name": {
      environment: { LISTEN_FDS: "1", LISTEN_FDNAMES: "other" },
      handOver: true,
      problem:
        /^cannot listen on fd:probe: the sockets handed over are named other; set FileDescriptorName=probe/
    },
    "of a name beyond LISTEN_FDS": {
      environment: { LISTEN_FDS: "1", LISTEN_FDNAMES: "other:probe" },
      handOver: true,
      problem: /^cannot listen on fd:probe: the sockets handed over are named other; /
    },
    "without names": {
      environment: { LISTEN_FDS: "1" },
      handOver: true,
      problem: /^cannot listen on fd:probe: the sockets handed over are named nothing; /
    }
  }
  for (const [name, { environment, handOver, problem }] of Object.entries(environments)) {
    it.live(`refuses one ${name}`, () =>
      Effect.gen(function* () {
        const child = yield* serveProbe("fd:probe", {
          environment,
          handOver,
          stdio: ["ignore", "ignore", "pipe", "ignore"]
        })
        assert.strictEqual(yield* child.exit, 1)
        assert.strictEqual(child.said.count(problem), 1, child.said.all.join("\n"))
      })
    )
  }

  it.live("refuses a descriptor that is no socket", () =>
    Effect.gen(function* () {
      const file = yield* Effect.acquireRelease(
        Effect.sync(() => Fs.openSync("/dev/null", "r")),
        (file) => Effect.sync(() => Fs.closeSync(file))
      )
      const child = yield* serveProbe("fd:probe", {
        handOver: true,
        environment: { LISTEN_FDS: "1", LISTEN_FDNAMES: "probe" },
        stdio: ["ignore", "ignore", "pipe", file]
      })
      assert.strictEqual(yield* child.exit, 1)
      assert.strictEqual(
        child.said.count(/^cannot listen on fd:probe: .*not a socket/),
        1,
        child.said.all.join("\n")
      )
    })
  )
})

describe("A server on stdio:", () => {
  it.live("serves the peer at the other end of its pipes, and ends when that has ended", () =>
    Effect.gen(function* () {
      const child = yield* serveProbe("stdio:", { stdio: ["pipe", "pipe", "pipe"] })
      let output = ""
      child.process.stdout!.setEncoding("utf8").on("data", (text) => (output += String(text)))
      child.process.stdin!.end("who\ncount\nbig 300000\nsay last\nsay dropped")
      assert.strictEqual(yield* child.exit, 0)
      assert.strictEqual(output, `said stdio\nsaid 1\nsaid ${"x".repeat(300_000)}\nsaid last\n`)
    })
  )

  it.live(
    "ends when an answer closes the connection, though its input stays open",
    () =>
      Effect.gen(function* () {
        const child = yield* serveProbe("stdio:", { stdio: ["pipe", "pipe", "pipe"] })
        let output = ""
        child.process.stdout!.setEncoding("utf8").on("data", (text) => (output += String(text)))
        child.process.stdin!.on("error", () => {}).write("say a\nbye b\nsay c\n")
        assert.strictEqual(yield* child.exit, 0)
        assert.strictEqual(output, "said a\nsaid b\n")
      }),
    30_000
  )

  it.live("serves the peer of a socket that is both, as inetd hands it over", () =>
    Effect.gen(function* () {
      const { path } = yield* unix
      const server = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const server = Net.createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(path)
          await once(server, "listening")
          return server
        }),
        (server) => Effect.sync(() => server.close())
      )
      const accepting = once(server, "connection")
      const peer = yield* RawPeer.connect({ _tag: "Unix", path })
      const [accepted]: Array<Net.Socket> = yield* Effect.promise(() => accepting)
      const descriptor = descriptorOf(accepted!)
      const child = yield* serveProbe("stdio:", { stdio: [descriptor, descriptor, "pipe"] })
      accepted!.destroy()
      assert.strictEqual(yield* ask(peer, "count"), "said 1")
      assert.strictEqual(yield* ask(peer, "count"), "said 2")
      yield* peer.send("big 300000\nsay last\n")
      yield* peer.end
      assert.strictEqual(yield* peer.rest, `said ${"x".repeat(300_000)}\nsaid last\n`)
      assert.strictEqual(yield* child.exit, 0)
    })
  )

  it.live("answers what it has received and ends when it is told to", () =>
    Effect.gen(function* () {
      const child = yield* serveProbe("stdio:", { stdio: ["pipe", "pipe", "pipe"] })
      const reply = once(child.process.stdout!.setEncoding("utf8"), "data")
      child.process.stdin!.write("say a\n")
      assert.deepStrictEqual(yield* Effect.promise(() => reply), ["said a\n"])
      child.process.kill("SIGTERM")
      assert.notStrictEqual(yield* child.exit, "SIGKILL")
    })
  )
})

describe("A server that stops", () => {
  for (const [name, where, code] of [
    ["TCP", Effect.succeed(tcp), "ECONNREFUSED"],
    ["a Unix socket", unix, "ENOENT"]
  ] as const) {
    it.effect(`refuses new connections, closes idle ones, and answers what has been asked, on ${name}`, () =>
      staged(
        Effect.gen(function* () {
          const { endpoint, stop } = yield* serve(yield* where)
          const idle = yield* RawPeer.connect(endpoint)
          const partial = yield* RawPeer.connect(endpoint)
          const busy = yield* RawPeer.connect(endpoint)
          yield* until("session 3 built")
          yield* partial.send("say no end")
          yield* busy.send("say a\nwait gate\nsay b\nmany 3\nwait other\nsay c\n")
          yield* until("wait gate")

          const stopping = yield* Effect.forkChild(stop, { startImmediately: true })
          assert.strictEqual(yield* idle.rest, "")
          assert.strictEqual(yield* partial.rest, "")
          assert.strictEqual(yield* refusal(endpoint), code)
          assert.strictEqual(yield* count("session 3 released"), 0)
          yield* open("gate")
          yield* until("wait other")
          yield* open("other")
          assert.strictEqual(
            yield* busy.rest,
            "said a\nsaid gate\nsaid b\nsaid 0\nsaid 1\nsaid 2\nsaid other\nsaid c\n"
          )
          yield* Fiber.join(stopping)
          assert.strictEqual(yield* count(/released$/), 3)
        })
      )
    )
  }

  it.effect("answers what has come at that moment", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint, stop } = yield* serve(yield* unix)
        const peers = yield* Effect.forEach([1, 2, 3], () => RawPeer.connect(endpoint))
        yield* until("session 3 built")
        for (const peer of peers) yield* peer.send("say a\nsay b\n")
        yield* stop
        for (const peer of peers) assert.strictEqual(yield* peer.rest, "said a\nsaid b\n")
      })
    )
  )

  it.effect(
    "closes a connection whose session was still being built",
    () =>
      staged(
        Effect.gen(function* () {
          const happening = yield* Stage
          const { endpoint, stop } = yield* serve(yield* unix, {
            session: Layer.unwrap(
              Effect.gen(function* () {
                happening.happenings.note("building")
                yield* Deferred.await(happening.gate("built"))
                return Session.layer
              })
            )
          })
          const peer = yield* RawPeer.connect(endpoint)
          yield* until("building")
          const stopping = yield* Effect.forkChild(stop, { startImmediately: true })
          // It has begun to stop when it refuses.
          while ((yield* Effect.exit(refusal(endpoint)))._tag === "Failure") yield* turn
          for (let i = 0; i < 5; i++) yield* turn
          yield* open("built")
          assert.strictEqual(yield* peer.rest, "")
          yield* until("session 1 released")
          yield* Fiber.join(stopping)
        })
      ),
    30_000
  )

  it.effect("cuts off a command that never ends when its time is over, and says so", () =>
    staged(
      withLogs((logs) =>
        Effect.gen(function* () {
          const { endpoint, stop } = yield* serve(yield* unix, { drainTimeout: "3 seconds" })
          const [idle, busy] = [yield* RawPeer.connect(endpoint), yield* RawPeer.connect(endpoint)]
          assert.strictEqual(yield* ask(busy, "say a"), "said a")
          yield* busy.send("wait never\nsay b\n")
          yield* until("wait never")
          const stopping = yield* Effect.forkChild(stop, { startImmediately: true })
          assert.strictEqual(yield* idle.rest, "")
          yield* TestClock.adjust("2999 millis")
          yield* turn
          assert.strictEqual(yield* count("session 2 released"), 0)
          yield* TestClock.adjust("1 millis")
          yield* Fiber.join(stopping)
          yield* until("session 2 released")
          assert.strictEqual(yield* busy.rest, "")
          assert.strictEqual(logs.count(/level=WARN.*closed 1 connections that had not finished in time/), 1)
        })
      )
    )
  )

  it.effect("gives connections ten seconds unless told otherwise", () =>
    staged(
      withLogs(() =>
        Effect.gen(function* () {
          const { endpoint, stop } = yield* serve(tcp)
          const busy = yield* RawPeer.connect(endpoint)
          yield* busy.send("wait never\n")
          yield* until("wait never")
          assert.deepStrictEqual(yield* passing("1 second", stop), Duration.seconds(10))
          assert.strictEqual(yield* busy.rest, "")
        })
      )
    )
  )

  it.effect("does not wait for ever for a peer that never reads", () =>
    staged(
      withLogs(() =>
        Effect.gen(function* () {
          const { endpoint, stop } = yield* serve(yield* unix)
          const blocked = yield* RawPeer.connect(endpoint)
          const finished = yield* RawPeer.connect(endpoint)
          for (const { socket } of [blocked, finished]) socket.pause()
          yield* blocked.send("big 10000000\nbig 10000000\n")
          yield* finished.send("big 10000000\n")
          yield* finished.end
          yield* until("big", 2)
          yield* passing("1 second", stop)
          yield* until(/released$/, 2)
          for (const peer of [blocked, finished]) {
            peer.socket.resume()
            assert.isBelow((yield* peer.rest).length, 10_000_000)
          }
        })
      )
    )
  )

  it.effect("is the same when it is told to twice", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint, stop } = yield* serve(yield* unix)
        const peer = yield* RawPeer.connect(endpoint)
        yield* until("session 1 built")
        yield* Effect.all([stop, stop], { concurrency: "unbounded" })
        assert.strictEqual(yield* peer.rest, "")
      })
    )
  )
})
