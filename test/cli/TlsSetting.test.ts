/** `wireline serve` on `tls://` endpoints, as a process: its certificates, SIGHUP, and what it says when it has none. */
import { chownSync, copyFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as TlsSetting from "../../src/cli/TlsSetting.ts"
import * as Client from "../../src/Client.ts"
import * as Endpoint from "../../src/Endpoint.ts"
import { Exon } from "../../src/protocols/exon/Protocol.ts"
import * as Certificates from "../support/Certificates.ts"
import { temporaryDirectory } from "../support/Directory.ts"
import * as RawPeer from "../support/RawPeer.ts"
import { authority, client, identity, own, stranger, trusting, useAuthorities } from "../support/ServedTls.ts"
import * as Started from "../support/Started.ts"
import * as Unprivileged from "../support/Unprivileged.ts"

const local = "tls://127.0.0.1:0"

const showing = ({ cert, key }: Certificates.Issued) => ["--tls-cert", cert, "--tls-key", key]

/** Starts a server and gives the port of each protocol that it serves. */
const serve = (args: ReadonlyArray<string>, options?: Started.StartOptions) =>
  Effect.gen(function* () {
    const data = yield* temporaryDirectory
    const server = yield* Started.wireline(
      ["serve", "--data", data, "--sec-lsm-manager", "off", ...args],
      options
    )
    const at = (protocol: string) =>
      Effect.map(
        server.says("stdout", new RegExp(`^${protocol} listening on \\w+://127\\.0\\.0\\.1:(\\d+)\\n`, "m")),
        ([, port]) => ({ host: "127.0.0.1", port: Number(port) })
      )
    return { ...server, at }
  })

/** Starts a server of Exon alone on `tls://`. */
const serveExon = (args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const server = yield* serve(["--exon", local, ...args])
    return { ...server, endpoint: { _tag: "Tls", ...(yield* server.at("exon")) } as const }
  })

type Connectable = Parameters<typeof Endpoint.layerClient>[0]

const connect = (endpoint: Connectable, tls: Endpoint.TlsClientOptions = trusting()) =>
  Effect.provide(Client.make(Exon), Endpoint.layerClient(endpoint, { tls }))

/** Asks for an item that is not there. */
const ask = (exon: Effect.Success<ReturnType<typeof connect>>) =>
  Effect.map(exon.send({ _tag: "id", id: 7 }), (answer) =>
    assert.deepStrictEqual(answer, [
      { _tag: "NotFound", status: "error", message: "Item not found.", data: "" }
    ])
  )

/** Asks on a connection of its own. */
const assertServes = (endpoint: Connectable, tls?: Endpoint.TlsClientOptions) =>
  Effect.scoped(Effect.flatMap(connect(endpoint, tls), ask))

/** Why a client cannot ask. */
const refusal = (endpoint: Connectable, tls?: Endpoint.TlsClientOptions) =>
  Effect.map(Effect.flip(assertServes(endpoint, tls)), ({ message }) => message)

/** What a server is told that has no more to do, and that it ends well. */
const endsWell = ({ exit, signal }: Started.Started) =>
  Effect.gen(function* () {
    yield* signal("SIGTERM")
    const { code, stderr } = yield* exit
    assert.strictEqual(code, 0)
    return stderr
  })

/** Has a conversation through `openssl s_client`. */
const talk = (port: number, lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const peer = yield* Started.start([
      ...(["openssl", "s_client", "-quiet", "-verify_return_error"] as const),
      ...["-connect", `127.0.0.1:${port}`, "-CAfile", authority.cert]
    ])
    peer.stdin.write(lines.map((line) => `${line}\n`).join(""))
    return (yield* peer.exit).stdout
  }).pipe(Effect.scoped)

describe.skipIf(Certificates.obstacle !== undefined)("wireline serve on tls://", () => {
  useAuthorities()

  it.live("speaks TLS for every protocol that is asked to, says nothing of who does not, and ends well", () =>
    Effect.gen(function* () {
      const server = yield* serve(["--exon", local, "--rscp", local, "--rscp-access", "private"], {
        env: { WIRELINE_TLS_CERT: own.cert, WIRELINE_TLS_KEY: own.key }
      })
      const exon = yield* server.at("exon")
      assert.strictEqual(
        yield* talk(exon.port, ["id 7", "quit"]),
        '{"status":"error","message":"Item not found.","data":""}\n'
      )
      const rscp = yield* server.at("rscp")
      assert.strictEqual(
        yield* talk(rscp.port, [
          "CONNECT REQUEST",
          "AUTHENTIFICATION CREATE:USERNAME=dias:PASSWORD=pompier:EMAIL=dias@lesuperpompier.ne.ch",
          "AUTHENTIFICATION LOGIN:USERNAME=dias:PASSWORD=pompier",
          "DISCONNECT"
        ]),
        "AUTHENTIFICATION REQUEST\nAUTHENTIFICATION CREATE SUCCESS\nAUTHENTIFICATION SUCCESSFUL\n"
      )
      const open = yield* connect({ _tag: "Tls", ...exon })
      yield* ask(open)
      const plain = yield* RawPeer.connect({ _tag: "Tcp", ...exon })
      yield* plain.send("id 7\n")
      assert.notInclude(yield* plain.rest, "Item")
      const handshaking = yield* RawPeer.connect({ _tag: "Tcp", ...exon })
      assert.strictEqual(yield* endsWell(server), "")
      assert.strictEqual(yield* handshaking.rest, "")
    })
  )

  it.live("serves with --tls-ca only who shows a certificate, and tells of others when it is debugged", () =>
    Effect.gen(function* () {
      const server = yield* serveExon([
        ...showing(own),
        ...["--tls-ca", authority.cert, "--log-level", "debug"]
      ])
      yield* assertServes(server.endpoint, { ...trusting(), identity: identity(client) })
      assert.match(yield* refusal(server.endpoint), /certificate required$/)
      yield* server.says(
        "stderr",
        /"level":"DEBUG",[^\n]*TLS handshake with 127\.0\.0\.1 [^\n]*did not return a certificate"[^\n]*\n/
      )
      yield* endsWell(server)
    })
  )

  it.live("reads its certificates again at SIGHUP, and keeps those before where it cannot use them", () =>
    Effect.gen(function* () {
      const shows = stranger.issue()
      const server = yield* serveExon(showing(shows))
      const before = yield* connect(server.endpoint, trusting(stranger))
      yield* ask(before)

      copyFileSync(own.cert, shows.cert)
      yield* server.signal("SIGHUP")
      yield* server.says(
        "stderr",
        /"level":"ERROR",[^\n]*SIGHUP: cannot use the TLS key [^\n]* is not the key of [^\n]*; the ones before stay in use"\}\n/
      )
      yield* assertServes(server.endpoint, trusting(stranger))
      yield* ask(before)

      copyFileSync(own.key, shows.key)
      yield* server.signal("SIGHUP")
      yield* server.says("stderr", /"level":"INFO",[^\n]*SIGHUP: read the TLS certificates again"\}\n/)
      yield* assertServes(server.endpoint, trusting(authority))
      assert.match(yield* refusal(server.endpoint, trusting(stranger)), /certificate/)
      yield* ask(before)
      assert.lengthOf((yield* endsWell(server)).split("\n"), 3)
    })
  )

  it.live("takes no harm from SIGHUP, and looks at no certificate, without such an endpoint", () =>
    Effect.gen(function* () {
      const server = yield* serve(["--exon", "tcp://127.0.0.1:0", "--tls-cert", "/nowhere"])
      const endpoint = { _tag: "Tcp", ...(yield* server.at("exon")) } as const
      const open = yield* connect(endpoint)
      yield* ask(open)
      yield* server.signal("SIGHUP")
      yield* server.says("stderr", /"level":"INFO",[^\n]*SIGHUP: no endpoint is tls:[^\n]*\n/)
      yield* ask(open)
      yield* assertServes(endpoint)
      assert.lengthOf((yield* endsWell(server)).split("\n"), 2)
    })
  )

  describe("refuses in one line, with status 1,", () => {
    /** Expects a server with these flags to end so. */
    const refuses = (line: string, args: ReadonlyArray<string>, options?: Started.StartOptions) =>
      Effect.gen(function* () {
        const { exit } = yield* serve(["--exon", local, ...args], options)
        assert.deepStrictEqual(yield* exit, {
          ...{ code: 1, signal: null, stdout: "" },
          stderr: `wireline: ${line}\n`
        })
      }).pipe(Effect.scoped)

    it.live("to do without a certificate and its key", () =>
      refuses(
        "a tls:// endpoint needs a certificate and its key; give --tls-cert FILE and --tls-key FILE",
        []
      )
    )

    it.live("to do without one of the two, and says which", () =>
      Effect.gen(function* () {
        const endpoint = { _tag: "Tls", host: "127.0.0.1", port: 0 } as const
        for (const [given, missing] of [
          [{ tlsCert: Option.some(own.cert) }, "--tls-key FILE"],
          [{ tlsKey: Option.some(own.key) }, "--tls-cert FILE"]
        ] as const) {
          const files = { tlsCert: Option.none(), tlsKey: Option.none(), tlsCa: Option.none(), ...given }
          const { message } = yield* Effect.flip(TlsSetting.certificates(files, [endpoint]))
          assert.strictEqual(message, `a tls:// endpoint needs a certificate and its key; give ${missing}`)
        }
      })
    )

    it.live("a key that is not the certificate's", () =>
      refuses(
        `cannot use the TLS key ${client.key}: it is not the key of the certificate ${own.cert}`,
        showing({ ...own, key: client.key })
      )
    )

    it.live.skipIf(Unprivileged.obstacle !== undefined)("a key that it may not read", () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")]
        copyFileSync(own.cert, cert)
        writeFileSync(key, "", { mode: 0 })
        if (Unprivileged.nobody !== undefined) {
          chownSync(directory, Unprivileged.nobody.uid, Unprivileged.nobody.gid)
        }
        yield* refuses(`cannot use the TLS key ${key}: permission denied`, showing({ cert, key }), {
          ...Unprivileged.unprivileged
        })
      })
    )
  })
})
