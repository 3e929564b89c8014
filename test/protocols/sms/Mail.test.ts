/** Mail, to a real SMTP server. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Redacted, Result } from "effect"
import { TestClock } from "effect/testing"
import { readFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { text as readAll } from "node:stream/consumers"
import { SMTPServer, type SMTPServerOptions } from "smtp-server"
import { BadSmtpUrl, parse } from "../../../src/protocols/sms/mail/Smtp.ts"
import { Mail } from "../../../src/protocols/sms/Mail.ts"
import { Authority, obstacle } from "../../support/Certificates.ts"
import { Happenings, withLogs } from "../../support/Happenings.ts"
import { passing, turn } from "../../support/Time.ts"

const user = "wireline"
const password = "s3cret/%"

/** An SMTP server that notes the mails that it takes, as they are, behind the addresses that they go to. */
const server = (options: SMTPServerOptions = {}) =>
  Effect.gen(function* () {
    const mails = new Happenings()
    const server = yield* Effect.acquireRelease(
      Effect.callback<SMTPServer>((resume) => {
        const server = new SMTPServer({
          authOptional: true,
          disabledCommands: ["STARTTLS"],
          onData: (stream, session, callback) => {
            void readAll(stream).then((mail) => {
              mails.note(`${session.envelope.rcptTo.map(({ address }) => address).join()}\n${mail}`)
              callback()
            })
          },
          ...options
        })
        // A peer that does not like the certificate hangs up.
        server.on("error", () => {})
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.callback<void>((resume) => server.close(() => resume(Effect.void)))
    )
    return { mails, port: (server.server.address() as AddressInfo).port }
  })

const letter = { to: "ada@example.org", subject: "Your code", text: "123456\n" }

/** Sends the letter by way of the server at this URL, and goes on while the mail is on its way. */
const sending = <A, E, R>(url: string, then: Effect.Effect<A, E, R>) =>
  Mail.use((mail) => Effect.andThen(mail.send(letter), then)).pipe(
    Effect.provide(Mail.layerSmtp(Redacted.make(url)), { local: true })
  )

describe("A mail", () => {
  it.live("is handed to the SMTP server with the code in it, from the address of the URL", () =>
    Effect.gen(function* () {
      const { mails, port } = yield* server()
      yield* sending(`smtp://127.0.0.1:${port}?from=wireline@example.org`, mails.until(/./))
      const [head, body] = mails.all[0]!.split("\r\n\r\n") as [string, string]
      assert.match(head, /^ada@example\.org\n/)
      assert.match(head, /^From: wireline@example\.org$/im)
      assert.match(head, /^To: ada@example\.org$/im)
      assert.match(head, /^Subject: Your code$/im)
      assert.strictEqual(body.trim(), "123456")
      assert.strictEqual(mails.all.length, 1)
    })
  )

  it.live("is sent with the user and the password of the URL", () =>
    Effect.gen(function* () {
      const logins = new Happenings()
      const { mails, port } = yield* server({
        authOptional: false,
        // On this machine, where nobody listens.
        allowInsecureAuth: true,
        onAuth: (auth, _, callback) => {
          logins.note(`${auth.username} ${auth.password}`)
          callback(null, { user: auth.username })
        }
      })
      const credentials = `${user}:${encodeURIComponent(password)}`
      yield* sending(`smtp://${credentials}@localhost:${port}?from=wireline@example.org`, mails.until(/./))
      assert.deepStrictEqual(logins.all, [`${user} ${password}`])
    })
  )

  it.live("that is on its way when the server ends is handed over before", () =>
    Effect.gen(function* () {
      const { mails, port } = yield* server()
      yield* sending(`smtp://127.0.0.1:${port}?from=wireline@example.org`, Effect.void)
      assert.strictEqual(mails.all.length, 1)
    })
  )

  it.live("that the server refuses is given up, and the log says so without the address or the code", () =>
    withLogs((logs) =>
      Effect.gen(function* () {
        const { mails, port } = yield* server({
          onRcptTo: ({ address }, _, callback) =>
            callback(Object.assign(new Error(`no ${address} here`), { responseCode: 550 }))
        })
        const gaveUp = logs.until(/a mail was not sent: the SMTP server answered 550 to RCPT TO/)
        yield* sending(`smtp://127.0.0.1:${port}?from=wireline@example.org`, gaveUp)
        assert.strictEqual(mails.all.length, 0)
        assert.notMatch(logs.all.join("\n"), /ada|123456/)
      })
    )
  )

  it.effect("that the server does not take yet is tried again every 15 seconds", () =>
    withLogs((logs) =>
      Effect.gen(function* () {
        let tries = 0
        const { mails, port } = yield* server({
          onMailFrom: (_, __, callback) =>
            callback(++tries < 3 ? Object.assign(new Error("later"), { responseCode: 451 }) : null)
        })
        yield* sending(
          `smtp://127.0.0.1:${port}?from=wireline@example.org`,
          Effect.gen(function* () {
            for (const times of [1, 2]) {
              yield* logs.until(/a mail waits: the SMTP server answered 451 to MAIL FROM/, times)
              yield* turn
              yield* TestClock.adjust("14999 millis")
              yield* turn
              assert.strictEqual(tries, times)
              yield* TestClock.adjust("1 millis")
            }
            yield* mails.until(/./)
          })
        )
        assert.strictEqual(tries, 3)
      })
    )
  )

  it.effect("that no server takes is given up after some minutes", () =>
    withLogs((logs) =>
      Effect.gen(function* () {
        const { port } = yield* Effect.scoped(server())
        const gaveUp = logs.until(/a mail was not sent: .*ECONNREFUSED/)
        const url = `smtp://127.0.0.1:${port}?from=wireline@example.org`
        yield* sending(
          url,
          Effect.gen(function* () {
            const took = yield* passing("100 millis", gaveUp)
            assert.isAtLeast(Duration.toMinutes(took), 2)
          })
        )
      })
    )
  )

  it.effect.skipIf(obstacle !== undefined)("is not handed to a server that cannot prove who it is", () =>
    withLogs((logs) =>
      Effect.gen(function* () {
        const authority = yield* Effect.acquireRelease(
          Effect.sync(() => new Authority()),
          (authority) => Effect.sync(() => authority.remove())
        )
        const { cert, key } = authority.issue()
        const { mails, port } = yield* server({
          secure: true,
          cert: readFileSync(cert),
          key: readFileSync(key)
        })
        const gaveUp = logs.until(/a mail was not sent: .*certificate/)
        const url = `smtps://localhost:${port}?from=wireline@example.org`
        yield* sending(url, passing("100 millis", gaveUp))
        assert.strictEqual(mails.all.length, 0)
      })
    )
  )

  it.effect("does not go to another machine with a password and without TLS", () =>
    withLogs((logs) =>
      Effect.gen(function* () {
        let logins = 0
        const { mails, port } = yield* server({
          allowInsecureAuth: true,
          onAuth: (auth, _, callback) => {
            logins++
            callback(null, { user: auth.username })
          }
        })
        const gaveUp = logs.until(/a mail was not sent/)
        // It is this machine, and does not look so.
        const url = `smtp://${user}:secret@0.0.0.0:${port}?from=wireline@example.org`
        yield* sending(url, passing("100 millis", gaveUp))
        assert.deepStrictEqual([mails.all.length, logins], [0, 0])
        assert.notMatch(logs.all.join("\n"), /secret/)
      })
    )
  )
})

describe("The URL of an SMTP server", () => {
  const parsed = (url: string) => parse(Redacted.make(url))

  it("tells host, port, TLS, user, password and sender", () => {
    const whole = Result.getOrThrow(
      parsed("smtps://ada%40example.org:p%3Aw@mail.example.org:2465/?from=sms@example.org")
    )
    const { auth, ...rest } = whole
    assert.deepStrictEqual(rest, {
      host: "mail.example.org",
      port: 2465,
      secure: true,
      from: "sms@example.org"
    })
    assert.deepStrictEqual([auth!.user, Redacted.value(auth!.password)], ["ada@example.org", "p:w"])
    assert.notInclude(JSON.stringify(auth), "p:w")
  })

  it("may leave out what has a default", () => {
    const of = (url: string) => Result.getOrThrow(parsed(url))
    assert.strictEqual(of("smtp://mail.example.org?from=sms@example.org").port, 587)
    assert.strictEqual(of("smtps://mail.example.org?from=sms@example.org").port, 465)
    assert.strictEqual(of("smtp://sms%40example.org:pw@[::1]").from, "sms@example.org")
    assert.strictEqual(of("smtp://sms%40example.org:pw@[::1]").host, "::1")
  })

  it("is refused with what is wrong with it, none of which it repeats", () => {
    const bad: ReadonlyArray<readonly [url: string, problem: RegExp]> = [
      ["mail.example.org", /no URL/],
      ["http://hunter2@mail.example.org?from=a@b.example", /neither smtp:\/\/ nor smtps:\/\//],
      ["smtp://?from=a@b.example", /no URL|host is missing/],
      ["smtp://mail.example.org", /from is missing/],
      ["smtp://mail.example.org?from=nobody", /from is missing, or is no address/],
      ["smtp://hunter2@mail.example.org?from=a@b.example", /one is missing/],
      ["smtp://ada:%zzhunter2@mail.example.org?from=a@b.example", /%25/],
      ["smtp://mail.example.org:0?from=a@b.example", /port 0/],
      ["smtp://mail.example.org/path?from=a@b.example", /behind the host/],
      ["smtp://mail.example.org?from=a@b.example&to=c@d.example", /another parameter/]
    ]
    for (const [url, problem] of bad) {
      const error = Result.getOrThrow(Result.flip(parsed(url)))
      assert.instanceOf(error, BadSmtpUrl)
      assert.match(
        error.message,
        /^the URL of the SMTP server is not smtp:\/\/USER:PASSWORD@HOST:PORT\?from=ADDRESS: /
      )
      assert.match(error.message, problem, url)
      assert.notInclude(error.message, "hunter2")
    }
  })

  it.effect("that is none keeps the layer from being built", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.provide(Mail, Mail.layerSmtp(Redacted.make("nonsense"))))
      assert.instanceOf(error, BadSmtpUrl)
    })
  )
})
