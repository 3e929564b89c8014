import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Schema, Stream } from "effect"
import { once } from "node:events"
import { readdirSync, readFileSync, rmSync } from "node:fs"
import * as Tls from "node:tls"
import { layer, type Mail, MailStore, Smtp } from "../../examples/smtp.ts"
import { Certificates, Client, Endpoint } from "../../src/index.ts"
import { obstacle, read } from "../support/Certificates.ts"
import { answersTo } from "../support/Conversation.ts"
import { temporaryDirectory } from "../support/Directory.ts"
import { cut, Places } from "../support/Frames.ts"
import { serveOn, tcp } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"
import { authority, identity, own, useAuthorities } from "../support/ServedTls.ts"

/** A store that keeps mail in memory, without what the server puts on top of it. */
const makeStore = () => {
  const stored: Array<Pick<Mail, "from" | "recipients"> & { readonly content: string }> = []
  const store = Layer.succeed(MailStore, {
    put: ({ from, recipients }, _, text) => {
      stored.push({ from, recipients, content: text.replace(/^Return-Path: .*?\r\nReceived: .*?\r\n/s, "") })
      return Promise.resolve()
    }
  })
  return { stored, served: Layer.provide(layer, store) }
}

/** What the server says to all of this at once, without its greeting. */
const answers = (sent: string, served = makeStore().served) =>
  Effect.map(answersTo(served, [Buffer.from(sent, "latin1")]), (received) => {
    assert.match(received, /^220 ESMTP\r\n/)
    return received.slice("220 ESMTP\r\n".length)
  })

/** The codes of the replies. */
const codes = (sent: ReadonlyArray<string>, served = makeStore().served) =>
  Effect.map(answers(sent.map((line) => `${line}\r\n`).join(""), served), (received) =>
    (received.match(/^\d{3}(?= )/gm) ?? []).map(Number)
  )

const envelope = ["EHLO client", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"]
const accepted = [250, 250, 250, 354]

const Contents = Schema.Array(
  Schema.Array(
    Schema.Literals(["QUIT\r\n", ".", "..", "\r\n", "\n.\n", "\r.\r", "\n", "\r", "é\xff", "RSET"])
  )
)

const serve = (served = makeStore().served) =>
  Effect.gen(function* () {
    const certificates = yield* Certificates.load(identity(own))
    const options: Parameters<typeof Endpoint.layerServer>[1] = { tls: { certificates } }
    return (yield* serveOn<Endpoint.Endpoint & { readonly _tag: "Tcp" }, never>(tcp, served, options))
      .endpoint
  })

describe("examples/smtp.ts", () => {
  it.effect("has the conversation of RFC 5321, appendix D.1", () =>
    Effect.gen(function* () {
      const { served, stored } = makeStore()
      const received = yield* answers(
        [
          "EHLO bar.com",
          "MAIL FROM:<Smith@bar.com>",
          "RCPT TO:<Jones@foo.com>",
          "rcpt to:<@hosta.int,@jkl.org:Brown@foo.com>",
          "DATA",
          "Blah blah blah...",
          "..",
          "...etc. etc. etc.",
          ".",
          "QUIT",
          "NOOP",
          ""
        ].join("\r\n"),
        served
      )
      assert.strictEqual(
        received,
        [
          "250-Hello",
          "250-PIPELINING",
          "250-8BITMIME",
          "250 SIZE 10485760",
          "250 OK",
          "250 OK",
          "250 OK",
          "354 End with a line that is a dot",
          "250 Stored",
          "221 Bye",
          ""
        ].join("\r\n")
      )
      assert.deepStrictEqual(stored, [
        {
          from: "Smith@bar.com",
          recipients: ["Jones@foo.com", "Brown@foo.com"],
          content: "Blah blah blah...\r\n.\r\n..etc. etc. etc.\r\n"
        }
      ])
    })
  )

  it.effect.prop(
    "stores every mail byte for byte, however the packets of a client that waits for nothing are cut",
    [Arbitrary.schema(Contents), Places],
    ([contents, places]) =>
      Effect.gen(function* () {
        const { served, stored } = makeStore()
        const { encode } = Smtp.modes.get("content")!.framing
        const mails = contents.map((parts) => parts.join(""))
        const sent = mails.map((content) => [...envelope, encode(content)].join("\r\n")).join("") + "QUIT\r\n"
        const received = yield* answersTo(served, cut(Buffer.from(sent, "latin1"), places))
        assert.deepStrictEqual(received.match(/^\d{3}(?= )/gm)?.map(Number), [
          220,
          ...mails.flatMap(() => [...accepted, 250]),
          221
        ])
        assert.deepStrictEqual(
          stored.map(({ content }) => content),
          mails.map((content) => (content === "" || content.endsWith("\r\n") ? content : content + "\r\n"))
        )
      }),
    { arbitrary: { runs: 200 } }
  )

  for (const [problem, sent, expected] of [
    ["MAIL before EHLO", ["MAIL FROM:<a@b>"], [503]],
    ["RCPT before MAIL", ["EHLO a", "RCPT TO:<a@b>"], [250, 503]],
    ["DATA before RCPT", ["EHLO a", "MAIL FROM:<a@b>", "DATA"], [250, 250, 503]],
    ["MAIL twice", ["EHLO a", "MAIL FROM:<a@b>", "MAIL FROM:<a@b>"], [250, 250, 503]],
    ["RCPT after RSET", ["EHLO a", "MAIL FROM:<a@b>", "RSET", "RCPT TO:<a@b>"], [250, 250, 250, 503]],
    [
      "RCPT after another EHLO",
      ["EHLO a", "MAIL FROM:<a@b>", "EHLO a", "RCPT TO:<a@b>"],
      [250, 250, 250, 503]
    ],
    ["an unknown command", ["FROB", "", "NOOP"], [500, 500, 250]],
    ["a line that is too long", [`NOOP ${"x".repeat(1020)}`, "NOOP"], [500, 250]],
    ["a line that is not ASCII", ["NOOP é", "NOOP"], [500, 250]],
    ["lines that end with LF only", ["NOOP\nRSET\nNOOP", "NOOP"], [500, 250]],
    [
      "missing and additional arguments",
      ["EHLO", "EHLO a b", "MAIL", "DATA x", "RSET x"],
      [501, 501, 501, 501, 501]
    ],
    [
      "addresses that are none",
      ["HELO a", ...["a@b", "<a>", "<a b@c>", "<a@b>x", "<a@b\r@c>"].map((path) => `MAIL FROM:${path}`)],
      [250, 501, 501, 501, 501, 501]
    ],
    ["no recipient", ["HELO a", "MAIL FROM:<>", "RCPT TO:<>"], [250, 250, 501]],
    [
      "parameters that it does not know",
      ["EHLO a", "MAIL FROM:<a@b> FOO=1", "MAIL FROM:<a@b> SIZE"],
      [250, 555, 555]
    ],
    [
      "a mail that is too large already",
      ["EHLO a", "MAIL FROM:<a@b> SIZE=10485761", "NOOP"],
      [250, 552, 250]
    ],
    ["STARTTLS without a certificate", ["EHLO a", "STARTTLS", "NOOP"], [250, 502, 250]]
  ] as const) {
    it.effect(`refuses ${problem}`, () =>
      Effect.map(codes(sent), (received) => assert.deepStrictEqual(received, [...expected]))
    )
  }

  for (const commands of [
    ["HELO a", "MAIL FROM:<> BODY=8BITMIME SIZE=10485760", "RCPT TO:<Postmaster>", "VRFY a"],
    ["ehlo [127.0.0.1]", 'mail from:<"a b@c\\"<>"@[IPv6:::1]> body=7bit', "Rcpt To:<a@b> ", "NOOP a b"]
  ]) {
    it.effect(`accepts ${commands.join(", ")}`, () =>
      Effect.map(codes(commands), (received) =>
        assert.deepStrictEqual(received, [250, 250, 250, commands[3]!.startsWith("VRFY") ? 252 : 250])
      )
    )
  }

  it.effect("takes 100 recipients", () =>
    Effect.gen(function* () {
      const { served, stored } = makeStore()
      const recipients = Array.from({ length: 101 }, (_, i) => `${i}@b`)
      const received = yield* codes(
        ["EHLO a", "MAIL FROM:<a@b>", ...recipients.map((mailbox) => `RCPT TO:<${mailbox}>`), "DATA", "."],
        served
      )
      assert.deepStrictEqual(received, [250, 250, ...Array(100).fill(250), 452, 354, 250])
      assert.deepStrictEqual(stored[0]?.recipients, recipients.slice(0, 100))
    })
  )

  it.effect("refuses a mail that is too large at its end, and takes none of it for commands", () =>
    Effect.gen(function* () {
      const { served, stored } = makeStore()
      const received = yield* codes(
        [...envelope, "QUIT\r\n".repeat(2_000_000), ".", "NOOP", ...envelope, "."],
        served
      )
      assert.deepStrictEqual(received, [...accepted, 552, 250, ...accepted, 250])
      assert.deepStrictEqual(stored, [{ from: "a@b", recipients: ["c@d"], content: "" }])
    })
  )

  for (const end of ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r"]) {
    it.effect(`does not let mail be smuggled behind ${JSON.stringify(end)}`, () =>
      Effect.gen(function* () {
        const { served, stored } = makeStore()
        const smuggled = `a${end}MAIL FROM:<root@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nb`
        assert.deepStrictEqual(yield* codes([...envelope, smuggled, "."], served), [...accepted, 250])
        assert.deepStrictEqual(stored, [
          { from: "a@b", recipients: ["c@d"], content: `${smuggled}\r\n`.replace("\r\n.", "\r\n") }
        ])
      })
    )
  }

  it.effect("puts the envelope and a trace on top of a mail that it stores as a file", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const served = Layer.provide(layer, MailStore.directory(directory))
      assert.deepStrictEqual(yield* codes([...envelope, "é\xff", "."], served), [...accepted, 250])
      const files = readdirSync(directory)
      assert.strictEqual(files.length, 1)
      assert.match(files[0]!, /^0\.[0-9a-f-]{36}\.eml$/)
      assert.strictEqual(
        readFileSync(`${directory}/${files[0]}`, "latin1"),
        "Return-Path: <a@b>\r\nX-Original-To: c@d\r\n" +
          "Received: from client (unknown) with ESMTP; Thu, 01 Jan 1970 00:00:00 +0000\r\né\xff\r\n"
      )
      rmSync(directory, { recursive: true })
      assert.deepStrictEqual(yield* codes([...envelope, "a", ".", ...envelope], served), [
        ...accepted,
        451,
        ...accepted
      ])
    })
  )

  describe.skipIf(obstacle !== undefined)("with a certificate", () => {
    useAuthorities()

    it.effect("is spoken to by the typed client, which encrypts and streams a mail of 4 MB", () =>
      Effect.gen(function* () {
        const { served, stored } = makeStore()
        const client = yield* Effect.provide(Client.make(Smtp), Endpoint.layerClient(yield* serve(served)))
        const line = (code: number, text: string, separator: " " | "-" = " ") => ({
          _tag: "line" as const,
          code,
          separator,
          text
        })
        assert.deepStrictEqual(yield* client.greeting, [line(220, "ESMTP")])
        const features = [line(250, "Hello", "-"), line(250, "PIPELINING", "-"), line(250, "8BITMIME", "-")]
        assert.deepStrictEqual(yield* client.send({ _tag: "EHLO", domain: "client" }), [
          ...features,
          line(250, "SIZE 10485760", "-"),
          line(250, "STARTTLS")
        ])
        assert.deepStrictEqual(yield* client.send({ _tag: "STARTTLS" }), [line(220, "Go ahead")])
        yield* client.startTls({ ca: read(authority.cert), servername: "localhost" })
        const from = { mailbox: "a@b", parameters: ["BODY=8BITMIME"] }
        assert.deepStrictEqual(yield* client.send({ _tag: "MAIL", from }), [line(503, "Send EHLO first")])
        const replies = yield* Effect.all(
          [
            client.send({ _tag: "EHLO", domain: "client" }),
            client.send({ _tag: "MAIL", from }),
            client.send({ _tag: "RCPT", to: { mailbox: "c@d", parameters: [] } }),
            client.send({ _tag: "DATA" })
          ],
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(replies, [
          [...features, line(250, "SIZE 10485760")],
          [line(250, "OK")],
          [line(250, "OK")],
          [line(354, "End with a line that is a dot")]
        ])
        const text = ".\r\n..é\xff\r\n." + "x".repeat(70) + "\r\n"
        const content = "Subject: long\r\n\r\n"
        const body = Stream.fromIterable(Array<string>(50_000).fill(text))
        assert.deepStrictEqual(yield* client.send({ _tag: "content", content }, { body }), [
          line(250, "Stored")
        ])
        assert.strictEqual(stored.length, 1)
        assert.isTrue(stored[0]?.content === content + text.repeat(50_000))
        assert.deepStrictEqual(yield* client.send({ _tag: "QUIT" }), [line(221, "Bye")])
      })
    )

    it.effect("forgets what came before STARTTLS, and discards what came behind it in the clear", () =>
      Effect.gen(function* () {
        const { served, stored } = makeStore()
        const peer = yield* RawPeer.connect(yield* serve(served))
        yield* peer.send(
          "EHLO a\r\nMAIL FROM:<a@b>\r\nSTARTTLS\r\nEHLO a\r\nMAIL FROM:<root@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
        )
        const lines = yield* peer.lines(8)
        assert.deepStrictEqual(lines.slice(-2), ["250 OK\r", "220 Go ahead\r"])
        peer.socket.removeAllListeners("data").setEncoding("binary")
        const secure = yield* Effect.promise(async () => {
          const secure = Tls.connect({ socket: peer.socket, host: "127.0.0.1", ca: read(authority.cert) })
          await once(secure, "secureConnect")
          return secure.setEncoding("latin1")
        })
        secure.write("RCPT TO:<c@d>\r\nHELO a\r\nRCPT TO:<c@d>\r\nSTARTTLS\r\nQUIT\r\n")
        const received = yield* Effect.promise(async () => {
          let text = ""
          for await (const part of secure) text += String(part)
          return text
        })
        assert.deepStrictEqual(received.match(/^\d{3}/gm), ["503", "250", "503", "503", "221"])
        assert.deepStrictEqual(stored, [])
      })
    )
  })
})
