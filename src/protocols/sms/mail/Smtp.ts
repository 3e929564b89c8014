/**
 * An SMTP server that takes mails, as a URL tells: `smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS`.
 *
 * `smtps:` is TLS from the first byte on, port 465 unless told; `smtp:` is port 587 unless told, and TLS as soon as the
 * server offers it. A password never goes to another machine without TLS, and certificates must be valid. User and
 * password may be left out; in them, and in `from`, what means something in a URL is written `%40` and so on.
 */
import { Effect, Redacted, Result, Schema } from "effect"
import * as Email from "../../../accounts/Email.ts"
import type { Letter } from "../Mail.ts"

/** A server, and how it is talked to. */
export interface Server {
  readonly host: string
  readonly port: number
  /** Whether it is TLS from the first byte on. */
  readonly secure: boolean
  readonly auth: { readonly user: string; readonly password: Redacted.Redacted } | undefined
  /** The address that mails come from. */
  readonly from: string
}

/** The URL is none of an SMTP server. What is wrong does not repeat it, for a password may be in it. */
export class BadSmtpUrl extends Schema.TaggedError<BadSmtpUrl>()("BadSmtpUrl", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the URL of the SMTP server is not smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS: ${this.problem}`
  }
}

/** What the URL tells. */
export const parse = (url: Redacted.Redacted): Result.Result<Server, BadSmtpUrl> => {
  const bad = (problem: string) => Result.fail(new BadSmtpUrl({ problem }))
  const parts = URL.parse(Redacted.value(url))
  if (parts === null) return bad("it is no URL")
  const { hash, hostname, pathname, port, protocol, searchParams } = parts
  if (protocol !== "smtp:" && protocol !== "smtps:") return bad("it begins with neither smtp:// nor smtps://")
  if (hostname === "") return bad("the host is missing")
  if (port === "0") return bad("there is no port 0")
  if (hash !== "" || (pathname !== "" && pathname !== "/")) return bad("there is something behind the host")
  if ([...searchParams.keys()].some((key) => key !== "from")) return bad("it has another parameter than from")
  const user = decoded(parts.username)
  const password = decoded(parts.password)
  if (user === undefined || password === undefined) return bad("a % of the user or the password is no %25")
  if ((user === "") !== (password === "")) return bad("of user and password, one is missing")
  const from = searchParams.get("from") ?? user
  if (!Email.isValid(from)) return bad("from is missing, or is no address")
  const secure = protocol === "smtps:"
  return Result.succeed({
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (secure ? 465 : 587) : Number(port),
    secure,
    auth: user === "" ? undefined : { user, password: Redacted.make(password, { label: "password" }) },
    from
  })
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** A mail was not handed over; the message does not tell to whom it was to go. */
export class NotMailed extends Schema.TaggedError<NotMailed>()("NotMailed", {
  message: Schema.String,
  /** Whether the server would say the same again. */
  permanent: Schema.Boolean
}) {}

/** Hands mails over to the server, over a connection of each. */
export const connect = Effect.fnUntraced(function* ({ auth, from, host, port, secure }: Server) {
  const { createTransport } = yield* Effect.promise(() => import("nodemailer"))
  const transport = createTransport({
    host,
    port,
    secure,
    requireTLS: auth !== undefined && !isThisMachine(host),
    ...(auth === undefined ? {} : { auth: { user: auth.user, pass: Redacted.value(auth.password) } }),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000
  })
  return Effect.fn("Smtp.post")(({ subject, text, to }: Letter) =>
    Effect.tryPromise({
      try: () =>
        transport.sendMail({ from, to, subject, text, disableFileAccess: true, disableUrlAccess: true }),
      catch: notMailed
    })
  )
})

const isThisMachine = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)

/** What the server has answered may repeat the address, so its status is all that is told of it. */
const notMailed = (cause: unknown): NotMailed => {
  const { command, message, responseCode } = decodeFailure(cause)
  return responseCode === undefined
    ? new NotMailed({ message: message.split("\n")[0]!, permanent: false })
    : new NotMailed({
        message: `the SMTP server answered ${responseCode} to ${command ?? "us"}`,
        permanent: responseCode >= 500
      })
}

/** What there is in an error of nodemailer. */
const Failure = Schema.Struct({
  message: Schema.String,
  command: Schema.optionalKey(Schema.String),
  responseCode: Schema.optionalKey(Schema.Int)
})
const decodeFailure = Schema.decodeUnknownSync(Failure)
