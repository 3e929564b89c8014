/**
 * SMTP, as the server that mail is sent to: RFC 5321 with PIPELINING (RFC 2920), 8BITMIME (RFC 6152), SIZE (RFC 1870) and
 * STARTTLS (RFC 3207).
 *
 *     node examples/smtp.ts ENDPOINT [DIRECTORY]
 *
 * Each mail becomes a file of DIRECTORY, which must exist, or goes to standard output as mbox. With TLS_CERT and TLS_KEY,
 * the files of a certificate and its key, the server offers STARTTLS.
 *
 * What to look for: lines that end with CRLF and nothing else; replies of several lines; a mode, in which a session reads
 * whatever follows by another grammar; an Effect that is waited for before a mail is acknowledged.
 */
import { Clock, Context, Effect, Layer, Result, Schema } from "effect"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"
import { Command, Framing, Message, Protocol, Server, Syntax } from "../src/index.ts"
import { run } from "./run.ts"

/** The largest mail in bytes, and the most recipients that it may have. */
const maxSize = 10_485_760
const maxRecipients = 100

// The protocol. What a request holds is printable ASCII, so that it can go into the header of a mail.

const Domain = Syntax.Word.check(Schema.isPattern(/^[!-~]+$/))

/** `FROM:<mailbox>` or `TO:<mailbox>`, and the parameters of extensions. A source route before the mailbox is ignored. */
const path = (keyword: "FROM" | "TO", special: "" | "postmaster") => {
  const [atom, quoted] = ["[!#-;=?A-~]+", String.raw`"(?:[ !#-\[\]-~]|\\[ -~])*"`]
  const mailbox = `(?:${quoted}|${atom})@${atom}|${special}`
  const syntax = new RegExp(`^${keyword}:<(?:@[^:<>"]+:)?(${mailbox})>((?: +[!-~]+)*) *$`, "i")
  return Syntax.field({
    schema: Schema.Struct({ mailbox: Schema.String, parameters: Schema.Array(Schema.String) }),
    encoded: Syntax.Rest,
    expected: `${keyword}:<mailbox> and parameters`,
    read: (text) => {
      const [, mailbox, parameters = ""] = syntax.exec(text) ?? []
      return mailbox === undefined ? undefined : { mailbox, parameters: parameters.match(/\S+/g) ?? [] }
    },
    write: ({ mailbox, parameters }) => [`${keyword}:<${mailbox}>`, ...parameters].join(" ")
  })
}

const Request = Syntax.words(
  [
    Message.make("EHLO", { domain: Domain }),
    Message.make("HELO", { domain: Domain }),
    Message.make("MAIL", { from: path("FROM", "") }),
    Message.make("RCPT", { to: path("TO", "postmaster") }),
    Message.make("DATA", {}),
    Message.make("RSET", {}),
    Message.make("NOOP", { text: Schema.optionalKey(Syntax.Rest) }),
    Message.make("VRFY", { text: Syntax.Rest }),
    Message.make("STARTTLS", {}),
    Message.make("QUIT", {})
  ],
  { escape: "none", collapse: true, caseInsensitive: true }
)

/** A line of a reply. All but the last have a hyphen after the code (section 4.2.1). */
const Line = Message.make("line", {
  code: Syntax.Unsigned,
  separator: Schema.Literals([" ", "-"]),
  text: Schema.String.check(Schema.isPattern(/^[\t -~]*$/))
})
const Reply = Syntax.make({
  read: (line) => {
    const [, code, separator = " ", text = ""] = /^(\d{3})(?:([ -])(.*))?$/.exec(line) ?? []
    return code === undefined
      ? { _tag: "Unreadable", problem: "a reply begins with three digits" }
      : { _tag: "line", code, separator, text }
  },
  write: (parts) => [parts["code"], parts["separator"], parts["text"]].join("")
})([Line])

type Lines = ReadonlyArray<typeof Line.Type>

const reply = (code: number, ...lines: ReadonlyArray<string>): Lines =>
  lines.map((text, i) => ({ _tag: "line", code, separator: i < lines.length - 1 ? "-" : " ", text }))

const ok = reply(250, "OK")
const tooLarge = reply(552, "The mail is too large")

const invalid = (problem: Protocol.InvalidRequest): Lines => {
  if (problem._tag === "InvalidFrame") return reply(500, "The line is too long, or not ASCII")
  return problem.reason._tag === "UnknownMessage" || problem.reason._tag === "Unreadable"
    ? reply(500, "Command not recognized")
    : reply(501, "Syntax error in arguments")
}

export const Smtp = Protocol.make({
  name: "smtp",
  // A bare CR or LF ends no line (section 2.3.8): where servers disagree on that, mail is smuggled between them.
  framing: Framing.lines({ delimiter: "\r\n", emptyLines: "keep", encoding: "ascii", maxLength: 1022 }),
  request: Request,
  reply: Reply,
  modes: {
    // After DATA: a mail, as latin1 text, which is one character a byte.
    content: {
      framing: Framing.dotBlock({ maxLength: maxSize, encoding: "latin1" }),
      request: Syntax.whole(Message.make("content", { content: Schema.String }))
    }
  },
  greeting: reply(220, "ESMTP"),
  isLast: ({ separator }) => separator === " ",
  isError: ({ code }) => code >= 400,
  onInvalid: invalid,
  onDefect: reply(451, "Local error")
})

export interface Mail {
  readonly from: string
  readonly recipients: Array<string>
}

/** Where mail goes, as latin1 text. What is stored must not be lost: the client forgets it then. */
export class MailStore extends Context.Service<
  MailStore,
  { readonly put: (mail: Mail, at: number, text: string) => Promise<void> }
>()("smtp/MailStore") {
  /** Files of a directory. A file appears when it is complete and on the disk. */
  static readonly directory = (directory: string) =>
    Layer.succeed(MailStore, {
      put: async (_, at, text) => {
        const name = `${at}.${randomUUID()}`
        const temporary = `${directory}/.${name}`
        try {
          await Fs.writeFile(temporary, text, { encoding: "latin1", flag: "wx", flush: true, mode: 0o600 })
          await Fs.rename(temporary, `${directory}/${name}.eml`)
          await using opened = await Fs.open(directory)
          await opened.sync()
        } finally {
          await Fs.rm(temporary, { force: true })
        }
      }
    })

  /** Standard output, as mbox: `From ` at the beginning of a line begins a mail, and is quoted inside of one. */
  static readonly standardOutput = Layer.succeed(MailStore, {
    put: ({ from }, at, text) => {
      const quoted = text.replaceAll("\r\n", "\n").replaceAll(/^(?=>*From )/gm, ">")
      const mbox = `From ${from || "MAILER-DAEMON"} ${new Date(at).toUTCString()}\n${quoted}\n`
      return new Promise((resolve) => process.stdout.write(mbox, "latin1", () => resolve()))
    }
  })
}

export class Session extends Context.Service<
  Session,
  {
    /** The domain of the client, after EHLO. */
    domain?: string | undefined
    mail?: Mail | undefined
  }
>()("smtp/Session") {
  static readonly layer = Layer.sync(Session, () => ({}))
}

type Connection = Server.Connection<typeof Smtp, Session["Service"]>

/** Begins a session, or begins it again. */
const begin = ({ session }: Connection, domain?: string): void => {
  session.domain = domain
  session.mail = undefined
}

/** The reply to a parameter of MAIL that is refused. */
const refusal = (parameter: string): Lines | undefined => {
  const [name, value = ""] = parameter.toUpperCase().split("=")
  if (name === "SIZE" && /^\d{1,20}$/.test(value)) return Number(value) > maxSize ? tooLarge : undefined
  const isKnown = name === "BODY" && (value === "7BIT" || value === "8BITMIME")
  return isKnown ? undefined : reply(555, "Parameter not recognized")
}

/** What the server puts on top of a mail: the envelope, and whom it has it from (section 4.4). */
const headOf = ({ isEncrypted, peer, session }: Connection, mail: Mail, at: number): string => {
  const protocol = isEncrypted ? "ESMTPS" : "ESMTP"
  const date = new Date(at).toUTCString().replace("GMT", "+0000")
  return [
    `Return-Path: <${mail.from}>`,
    ...mail.recipients.map((mailbox) => `X-Original-To: ${mailbox}`),
    `Received: from ${session.domain} (${peer.address}) with ${protocol}; ${date}\r\n`
  ].join("\r\n")
}

const command = Command.define(Smtp, Session)

const commands = {
  HELO: command("HELO", ({ domain }, connection) => {
    begin(connection, domain)
    return reply(250, "Hello")
  }),
  EHLO: command("EHLO", ({ domain }, connection) => {
    begin(connection, domain)
    const startTls = connection.canStartTls ? ["STARTTLS"] : []
    return reply(250, "Hello", "PIPELINING", "8BITMIME", `SIZE ${maxSize}`, ...startTls)
  }),
  MAIL: command("MAIL", ({ from }, { session }) => {
    if (session.domain === undefined) return reply(503, "Send EHLO first")
    if (session.mail !== undefined) return reply(503, "A mail has begun")
    const refused = from.parameters.map(refusal).find((lines) => lines !== undefined)
    if (refused !== undefined) return refused
    session.mail = { from: from.mailbox, recipients: [] }
    return ok
  }),
  RCPT: command("RCPT", ({ to }, { session: { mail } }) => {
    if (mail === undefined) return reply(503, "Send MAIL first")
    if (to.parameters.length > 0) return reply(555, "Parameter not recognized")
    if (mail.recipients.length >= maxRecipients) return reply(452, "Too many recipients")
    mail.recipients.push(to.mailbox)
    return ok
  }),
  DATA: command("DATA", (_, connection) => {
    const { mail } = connection.session
    if (mail === undefined || mail.recipients.length === 0) return reply(503, "Send MAIL and RCPT first")
    // From here on everything is mail, also what the client has sent already.
    connection.setMode("content")
    return reply(354, "End with a line that is a dot")
  }),
  content: command(
    "content",
    Effect.map(MailStore, (store) =>
      Effect.fnUntraced(function* ({ content }, connection) {
        connection.setMode(undefined)
        const { mail = { from: "", recipients: [] } } = connection.session
        connection.session.mail = undefined
        const at = yield* Clock.currentTimeMillis
        const text = headOf(connection, mail, at) + content
        const stored = yield* Effect.result(Effect.tryPromise(() => store.put(mail, at, text)))
        if (Result.isSuccess(stored)) return reply(250, "Stored")
        yield* Effect.logError("a mail could not be stored", stored.failure)
        return reply(451, "Not stored; try again later")
      })
    )
  ),
  RSET: command("RSET", (_, { session }) => {
    session.mail = undefined
    return ok
  }),
  NOOP: command("NOOP", () => ok),
  VRFY: command("VRFY", () => reply(252, "Send mail, and see")),
  STARTTLS: command("STARTTLS", (_, connection) => {
    if (!connection.canStartTls) return reply(connection.isEncrypted ? 503 : 502, "TLS is not available")
    // What the client has said was not protected: the server forgets it (RFC 3207, section 4.2).
    begin(connection)
    connection.startTls()
    return reply(220, "Go ahead")
  }),
  QUIT: command("QUIT", () => Protocol.closing(...reply(221, "Bye")))
}

/** The server, which needs a `MailStore`. */
export const layer = Server.layer(Smtp, {
  session: Session.layer,
  commands,
  onInvalid: (problem, connection) => {
    if (connection.mode === undefined) return invalid(problem)
    // A mail that is too large has come to its end, and the session goes on.
    connection.setMode(undefined)
    return Session.useSync((session) => {
      session.mail = undefined
      return tooLarge
    })
  },
  idleTimeout: "5 minutes",
  maxConnections: 100
})

if (import.meta.main) {
  const directory = process.argv[3]
  const { TLS_CERT, TLS_KEY } = process.env
  const store = directory === undefined ? MailStore.standardOutput : MailStore.directory(directory)
  run("smtp", Layer.provide(layer, store), {
    certificates: TLS_CERT && TLS_KEY ? { cert: { file: TLS_CERT }, key: { file: TLS_KEY } } : undefined
  })
}
