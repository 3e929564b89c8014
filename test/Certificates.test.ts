import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import { once } from "node:events"
import { chmodSync, copyFileSync, rmSync, writeFileSync } from "node:fs"
import * as Net from "node:net"
import { text } from "node:stream/consumers"
import * as Tls from "node:tls"
import * as Certificates from "../src/Certificates.ts"
import { Authority, obstacle, read } from "./support/Certificates.ts"
import { count } from "./support/Probe.ts"
import {
  assertServes,
  authority,
  client,
  connect,
  identity,
  own,
  refusal,
  restOf,
  secureSocket,
  serveProbe,
  staged,
  stranger,
  trusting,
  useAuthorities
} from "./support/ServedTls.ts"

/** Puts these files in the place of those. */
const replace = <K extends string>(files: Record<K, string>, by: Record<K, string>) =>
  Effect.sync(() => {
    for (const [name, file] of Object.entries<string>(files)) copyFileSync(by[name as K], file)
  })

describe.skipIf(obstacle !== undefined)("Certificates", () => {
  useAuthorities()

  describe("What is no certificate or key", () => {
    /** Why a server cannot start with these files in the place of good ones. */
    const complaint = (files: { readonly cert?: string; readonly key?: string; readonly ca?: string }) =>
      Effect.map(
        Effect.flip(
          Certificates.load({
            ...identity({ ...own, ...files }),
            ...(files.ca === undefined ? {} : { ca: { file: files.ca } })
          })
        ),
        (error) => {
          assert.instanceOf(error, Certificates.CertificateError)
          return error.message
        }
      )

    it.effect.prop(
      "is refused in one line that names the file, whatever is in it",
      { junk: Arbitrary.schema(Schema.String), keep: Arbitrary.schema(Schema.Int) },
      ({ junk, keep }) =>
        Effect.gen(function* () {
          for (const [name, subject] of [
            ["cert", "certificate"],
            ["key", "key"],
            ["ca", "certificate authority"]
          ] as const) {
            const good = read(name === "key" ? own.key : own.cert)
            // A beginning that is good, too.
            const file = authority.write("junk", good.slice(0, Math.abs(keep) % (good.length - 30)) + junk)
            const message = yield* complaint({ [name]: file })
            assert.match(message, /^[^\n]+$/)
            assert.isTrue(message.startsWith(`cannot use the TLS ${subject} ${file}: `), message)
          }
        })
    )

    it.effect("is refused for a reason", () =>
      Effect.gen(function* () {
        const absent = authority.file("absent")
        for (const [files, why] of [
          [{ cert: absent }, `certificate ${absent}: there is no such file`],
          [{ key: absent }, `key ${absent}: there is no such file`],
          [{ ca: absent }, `certificate authority ${absent}: there is no such file`],
          [{ cert: authority.directory }, `certificate ${authority.directory}: it is a directory`],
          [{ cert: own.key }, `certificate ${own.key}: there is no certificate in PEM in it`],
          [{ key: own.cert }, `key ${own.cert}: there is no private key in PEM in it`],
          [{ key: client.key }, `key ${client.key}: it is not the key of the certificate ${own.cert}`],
          [
            { key: authority.encrypt(own.key) },
            `key ${own.key}.encrypted: it is encrypted; give it without a passphrase (openssl pkey takes it off)`
          ]
        ] as const) {
          assert.strictEqual(yield* complaint(files), `cannot use the TLS ${why}`)
        }
      })
    )

    it.effect("may be in a file with others, the own one first", () =>
      Effect.gen(function* () {
        const both = authority.write("both.pem", read(own.cert) + read(authority.cert))
        yield* Certificates.load(identity({ ...own, cert: both }))
        const reversed = authority.write("reversed.pem", read(authority.cert) + read(own.cert))
        assert.match(yield* complaint({ cert: reversed }), /it is not the key of the certificate/)
      })
    )

    it.effect("is warned of where everybody may read the key", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const issued = authority.issue()
          chmodSync(issued.key, 0o640)
          yield* Certificates.load(identity(issued))
          assert.lengthOf(logs.all, 0)
          chmodSync(issued.key, 0o644)
          yield* Certificates.load(identity(issued))
          assert.strictEqual(logs.count(/level=WARN.*everybody may read the TLS key .*chmod o-r/), 1)
        })
      )
    )
  })

  describe("A client refuses a server", () => {
    it.effect("that no authority of its own vouches for", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          assert.match(
            yield* refusal(endpoint, trusting(stranger)),
            /^unable to verify the first certificate\b/
          )
          assert.match(yield* refusal(endpoint, {}), /^unable to verify the first certificate\b/)
          yield* assertServes(endpoint)
        })
      )
    )

    it.effect("whatever the environment says about verification", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          const name = "NODE_TLS_REJECT_UNAUTHORIZED"
          yield* Effect.acquireRelease(
            Effect.sync(() => (process.env[name] = "0")),
            () => Effect.sync(() => delete process.env[name])
          )
          assert.match(
            yield* refusal(endpoint, trusting(stranger)),
            /^unable to verify the first certificate\b/
          )
        })
      )
    )

    it.effect("whose certificate is for another name or address", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe({ shows: authority.issue("DNS:a.example,IP:192.0.2.1") })
          assert.match(yield* refusal(endpoint), /altnames: IP: 127\.0\.0\.1 is not in the cert's list/)
          assert.match(
            yield* refusal(endpoint, { ...trusting(), serverName: "b.example" }),
            /altnames: Host: b\.example\. is not in the cert's altnames/
          )
          yield* assertServes(endpoint, { ...trusting(), serverName: "a.example" })
          yield* assertServes(endpoint, { ...trusting(), serverName: "192.0.2.1" })
        })
      )
    )

    it.effect("whose certificate has expired", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe({ shows: authority.expire(own) })
          assert.match(yield* refusal(endpoint), /^certificate has expired\b/)
        })
      )
    )

    it.effect("that never answers its greeting, after ten seconds", () =>
      Effect.gen(function* () {
        const silent = yield* Effect.acquireRelease(
          Effect.promise(async () => {
            const server = Net.createServer().listen(0, "127.0.0.1")
            await once(server, "listening")
            return server
          }),
          (server) => Effect.sync(() => server.close())
        )
        const accepted = once(silent, "connection")
        const { port } = silent.address() as { readonly port: number }
        const waiting = yield* Effect.forkChild(refusal({ _tag: "Tls", host: "127.0.0.1", port }), {
          startImmediately: true
        })
        const [socket]: Array<Tls.TLSSocket> = yield* Effect.promise(() => accepted)
        yield* TestClock.adjust("9999 millis")
        assert.isUndefined(waiting.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* Fiber.join(waiting), "Connection timed out")
        yield* Effect.promise(async () => socket!.resume().closed || (await once(socket!, "close")))
      })
    )
  })

  it.effect("tells the server the name that it is called by, and no address", () =>
    Effect.gen(function* () {
      const names: Array<unknown> = []
      const server = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const server = Tls.createServer({ cert: read(own.cert), key: read(own.key) }, (socket) => {
            names.push(socket.servername)
            socket.on("error", () => {}).end()
          })
          await once(server.listen(0, "127.0.0.1"), "listening")
          return server
        }),
        (server) => Effect.sync(() => server.close())
      )
      const { port } = server.address() as { readonly port: number }
      const endpoint = { _tag: "Tls", host: "127.0.0.1", port } as const
      yield* refusal(endpoint, { ...trusting(), serverName: "localhost" })
      yield* refusal(endpoint)
      assert.deepStrictEqual(names, ["localhost", false])
    })
  )

  describe("A server that asks for a certificate", () => {
    it.effect("serves who shows one of its authority, and nobody else", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe({ asks: authority })
          yield* assertServes(endpoint, { ...trusting(), identity: identity(client) })
          assert.match(yield* refusal(endpoint), /certificate required$/)
          yield* logs.until(
            /level=DEBUG.*TLS handshake with 127\.0\.0\.1 .*peer did not return a certificate"$/
          )
          for (const refused of [stranger.issue("DNS:client"), authority.expire(client)]) {
            yield* refusal(endpoint, { ...trusting(), identity: identity(refused) })
          }
          for (const why of ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "CERT_HAS_EXPIRED"]) {
            yield* logs.until(
              new RegExp(
                `level=DEBUG.*TLS handshake with 127\\.0\\.0\\.1 .* its certificate .*\\(${why}\\)"$`
              )
            )
          }
          yield* assertServes(endpoint, { ...trusting(), identity: identity(client) })
          assert.strictEqual(yield* count(/^session \d+ built$/), 2)
        })
      )
    )

    it.effect("serves nobody else over TLS 1.2 either", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe({ asks: authority })
          const options = { ca: read(authority.cert), maxVersion: "TLSv1.2" } as const
          const closed = yield* Effect.promise(async () => {
            const socket = Tls.connect({ ...options, host: endpoint.host, port: endpoint.port })
            return await once(socket, "secureConnect").then(
              () => "served",
              (error: Error) => error.message
            )
          })
          assert.match(closed, /handshake failure/)
          yield* logs.until(/peer did not return a certificate/)
          const socket = yield* secureSocket(endpoint, {
            ...options,
            cert: read(client.cert),
            key: read(client.key)
          })
          socket.end("say a\n")
          assert.strictEqual(yield* restOf(socket), "said a\n")
        })
      )
    )
  })

  describe("Certificates that are read again", () => {
    it.effect("are shown to who comes from then on, and leave alone who is there", () =>
      staged(() =>
        Effect.gen(function* () {
          const shows = stranger.issue()
          const { certificates, endpoint } = yield* serveProbe({ shows })
          const before = yield* connect(endpoint, trusting(stranger))
          assert.deepStrictEqual(yield* before.send({ _tag: "count" }), [{ _tag: "said", text: "1" }])
          yield* replace(shows, own)
          yield* certificates.reload
          yield* assertServes(endpoint, trusting(authority))
          assert.match(yield* refusal(endpoint, trusting(stranger)), /certificate/)
          assert.deepStrictEqual(yield* before.send({ _tag: "count" }), [{ _tag: "said", text: "2" }])
        })
      )
    )

    it.effect("decide with the new authority who is let in, with a session of the old one, too", () =>
      staged(() =>
        Effect.gen(function* () {
          const asks = new Authority("First")
          yield* Effect.addFinalizer(() => Effect.sync(() => asks.remove()))
          const first = asks.issue("DNS:client")
          const { certificates, endpoint } = yield* serveProbe({ asks })
          const shown = { cert: read(first.cert), key: read(first.key) }
          const socket = yield* secureSocket(endpoint, shown)
          const session = once(socket, "session")
          socket.end("say a\n")
          assert.strictEqual(yield* restOf(socket), "said a\n")
          const [ticket]: Array<Buffer> = yield* Effect.promise(() => session)
          yield* replace({ cert: asks.cert }, { cert: authority.cert })
          yield* certificates.reload
          const resumed = yield* secureSocket(endpoint, { ...shown, session: ticket })
          resumed.write("say a\n")
          assert.strictEqual(
            yield* Effect.promise(() => text(resumed).catch(() => "refused")),
            "",
            "a session is no certificate"
          )
          yield* assertServes(endpoint, { ...trusting(), identity: identity(client) })
        })
      )
    )

    it.effect("change nothing where they cannot be used", () =>
      staged(() =>
        Effect.gen(function* () {
          const shows = authority.issue()
          const good = { cert: read(shows.cert), key: read(shows.key) }
          const { certificates, endpoint } = yield* serveProbe({ shows })
          const open = yield* connect(endpoint)
          for (const [spoil, why] of [
            [() => rmSync(shows.cert), /^cannot use the TLS certificate .*: there is no such file$/],
            [() => writeFileSync(shows.cert, "nonsense"), /no certificate in PEM in it$/],
            [() => rmSync(shows.key), /^cannot use the TLS key .*: there is no such file$/],
            [() => writeFileSync(shows.key, read(own.key)), /it is not the key of the certificate/]
          ] as const) {
            spoil()
            assert.match((yield* Effect.flip(certificates.reload)).message, why)
            yield* assertServes(endpoint)
            assert.lengthOf(yield* open.send({ _tag: "count" }), 1)
            writeFileSync(shows.cert, good.cert)
            writeFileSync(shows.key, good.key)
          }
          yield* certificates.reload
          yield* assertServes(endpoint)
        })
      )
    )
  })
})
