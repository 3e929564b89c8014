/**
 * Certificates and keys for TLS: read from files in PEM, or given as text, and looked over before anything is done
 * with them, so that what is wrong is told in one line that names the file.
 *
 * A server `load`s its own once and can read them again while it runs (`reload`): connections that are open go on with
 * what they began with, and every handshake from then on is with the new ones. What cannot be used changes nothing.
 */
import { Effect, Redacted, Schema, type Scope, Semaphore } from "effect"
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Tls from "node:tls"

/** PEM as it is, or the file that it is in. */
export type Pem<Text = string> = { readonly text: Text } | { readonly file: string }

/** What one side of a connection shows of itself. */
export interface Identity {
  /** Its certificate, followed by those between it and the authority, if there are any. */
  readonly cert: Pem
  /** The private key of the certificate, not encrypted. */
  readonly key: Pem<Redacted.Redacted>
}

/** What a server shows, and whom it lets in. */
export interface ServerOptions extends Identity {
  /** The authorities of the clients' certificates: where they are given, no client is let in without one of theirs. */
  readonly ca?: Pem
}

/** What a client trusts, and shows where a server asks for it. */
export interface ClientOptions {
  /** The authorities of the server's certificate; those that Node.js comes with, unless given. */
  readonly ca?: Pem
  readonly identity?: Identity
}

/** A certificate or key that cannot be used. The message is one line for the operator: which one, and why. */
export class CertificateError extends Schema.TaggedError<CertificateError>()("CertificateError", {
  subject: Schema.Literals(["certificate", "key", "certificate authority"]),
  /** Where it was given as a file. */
  file: Schema.UndefinedOr(Schema.String),
  problem: Schema.String
}) {
  override get message(): string {
    return `cannot use the TLS ${this.subject}${this.file === undefined ? "" : ` ${this.file}`}: ${this.problem}`
  }
}

type Subject = CertificateError["subject"]

/** TLS 1.2 and up, whatever Node.js was started with. */
const minVersion = "TLSv1.2"

/** What a server of Node.js is told. */
type Material = Pick<Tls.SecureContextOptions, "ca" | "cert" | "key" | "minVersion">

/** The certificates of a server while it runs. */
export interface Certificates {
  /** Whether clients must show a certificate. */
  readonly clientsMustShowOne: boolean
  /** Reads the files again; where they cannot be used, those before stay in use. */
  readonly reload: Effect.Effect<void, CertificateError>
  /** A server that has these, and the newer ones from every `reload` on, for as long as the scope lives. */
  readonly server: Effect.Effect<Tls.Server, never, Scope.Scope>
}

/** Reads and checks the certificates of a server. A key that everybody may read is warned of. */
export const load: (options: ServerOptions) => Effect.Effect<Certificates, CertificateError> = Effect.fn(
  "Certificates.load"
)(function* (options) {
  const servers = new Set<Tls.Server>()
  const oneAtATime = Semaphore.makeUnsafe(1)
  let current = yield* readServer(options)
  const clientsMustShowOne = options.ca !== undefined
  return {
    clientsMustShowOne,
    reload: oneAtATime.withPermit(
      Effect.map(readServer(options), (material) => {
        current = material
        for (const server of servers) server.setSecureContext(material)
      })
    ),
    server: Effect.acquireRelease(
      Effect.sync(() => {
        const server = Tls.createServer({
          ...current,
          requestCert: clientsMustShowOne,
          rejectUnauthorized: true,
          // The time that a handshake may take is the Clock's, not that of Node.js.
          handshakeTimeout: longestTimer
        })
        servers.add(server)
        return server
      }),
      (server) => Effect.sync(() => servers.delete(server))
    )
  }
})

const longestTimer = 2_147_483_647

const readServer = Effect.fnUntraced(function* (options: ServerOptions) {
  const identity = yield* readIdentity(options)
  // Without authorities no certificate is asked for, and those of Node.js need not be read.
  const ca = options.ca === undefined ? [] : yield* readAuthorities(options.ca)
  return yield* usable(options, { ...identity, ca, minVersion })
})

/** Reads what a client connects with. */
export const readClient: (options: ClientOptions) => Effect.Effect<Material, CertificateError> =
  Effect.fnUntraced(function* ({ ca, identity }) {
    const material = {
      ...(ca === undefined ? {} : { ca: yield* readAuthorities(ca) }),
      ...(identity === undefined ? {} : yield* readIdentity(identity)),
      minVersion
    } as const
    return identity === undefined ? material : yield* usable(identity, material)
  })

/** What OpenSSL itself finds wrong, such as a key that is too short. */
const usable = (identity: Identity, material: Material): Effect.Effect<Material, CertificateError> =>
  Effect.try({
    try: () => {
      Tls.createSecureContext(material)
      return material
    },
    catch: (cause) =>
      new CertificateError({ ...about("certificate", identity.cert), problem: reasonOf(cause) })
  })

const readIdentity = Effect.fnUntraced(function* (identity: Identity) {
  const cert = yield* readText("certificate", identity.cert)
  const [own] = yield* certificatesIn("certificate", identity.cert, cert)
  const key = Redacted.value(
    "file" in identity.key ? Redacted.make(yield* readText("key", identity.key)) : identity.key.text
  )
  const secret = yield* readKey(identity.key, key)
  if (!own.checkPrivateKey(secret)) {
    return yield* new CertificateError({
      ...about("key", identity.key),
      problem: `it is not the key of the certificate${"file" in identity.cert ? ` ${identity.cert.file}` : ""}`
    })
  }
  if ("file" in identity.key) yield* warnOfReaders(identity.key.file)
  return { cert, key }
})

const readAuthorities = Effect.fnUntraced(function* (ca: Pem) {
  const text = yield* readText("certificate authority", ca)
  yield* certificatesIn("certificate authority", ca, text)
  return text
})

const about = (subject: Subject, pem: Pem<unknown>) => ({
  subject,
  file: "file" in pem ? pem.file : undefined
})

const readText = (subject: Subject, pem: Pem): Effect.Effect<string, CertificateError> =>
  "text" in pem
    ? Effect.succeed(pem.text)
    : Effect.tryPromise({
        try: () => Fs.readFile(pem.file, "utf8"),
        catch: (cause) => {
          const { code = "", message } = cause as NodeJS.ErrnoException
          return new CertificateError({ ...about(subject, pem), problem: explanations[code] ?? message })
        }
      })

const explanations: Record<string, string> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of its path is not a directory",
  EISDIR: "it is a directory",
  EACCES: "permission denied"
}

/** Every certificate of a text, each of which must be one. */
const certificatesIn = (subject: Subject, pem: Pem, text: string) =>
  Effect.suspend(() => {
    const refuse = (problem: string) => Effect.fail(new CertificateError({ ...about(subject, pem), problem }))
    const [first, ...others] = text.match(certificateBlock) ?? []
    if (first === undefined) return refuse("there is no certificate in PEM in it")
    try {
      return Effect.succeed([
        new X509Certificate(first),
        ...others.map((each) => new X509Certificate(each))
      ] as const)
    } catch (cause) {
      return refuse(`a certificate in it cannot be read: ${reasonOf(cause)}`)
    }
  })

const certificateBlock = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----.*?(?:-----END [A-Z0-9 ]*-----|$)/gs

const readKey = (pem: Pem<unknown>, text: string): Effect.Effect<KeyObject, CertificateError> =>
  Effect.try({
    try: () => createPrivateKey(text),
    catch: (cause) =>
      new CertificateError({
        ...about("key", pem),
        problem: /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)
          ? "it is encrypted; give it without a passphrase (openssl pkey takes it off)"
          : /^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(text)
            ? `it cannot be read: ${reasonOf(cause)}`
            : "there is no private key in PEM in it"
      })
  })

const warnOfReaders = (file: string) =>
  Effect.promise(() => Fs.stat(file).catch(() => undefined)).pipe(
    Effect.flatMap((stats) =>
      stats !== undefined && (stats.mode & 0o004) !== 0
        ? Effect.logWarning(`everybody may read the TLS key ${file}; take that away with chmod o-r`)
        : Effect.void
    )
  )

/** Why TLS failed, in a line: OpenSSL puts the place in its sources around it. */
export const reasonOf = (cause: unknown): string => {
  const { code, message, reason } = cause as NodeJS.ErrnoException & { readonly reason?: string }
  return code?.startsWith("ERR_SSL_") && reason !== undefined
    ? reason
    : message.trim().replaceAll(/\s*\n\s*/g, " ")
}
