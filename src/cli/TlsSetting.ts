/**
 * What `wireline serve` needs for its `tls://` endpoints, and SIGHUP, at which it reads that again.
 */
import { Effect, Option, Queue, Schema, type Scope } from "effect"
import * as Certificates from "../Certificates.ts"
import type * as Endpoint from "../Endpoint.ts"
import * as Setting from "./Setting.ts"
import type { ServiceManager } from "./Systemd.ts"

const file = (name: string, description: string) =>
  Setting.make(name, Schema.NonEmptyString, description).pipe(
    Setting.inTable("tls"),
    Setting.withMetavar("FILE"),
    Setting.optional()
  )

/** The flags. */
export const settings = {
  tlsCert: file(
    "tls-cert",
    "The certificate of tls:// endpoints in PEM, those between it and its authority after it"
  ),
  tlsKey: file("tls-key", "The private key of that certificate in PEM, not encrypted"),
  tlsCa: file("tls-ca", "Authorities in PEM: with them, clients of tls:// must show a certificate of theirs")
}

interface Given {
  readonly tlsCert: Option.Option<string>
  readonly tlsKey: Option.Option<string>
  readonly tlsCa: Option.Option<string>
}

/** An endpoint asks for TLS, and there is nothing to offer it with. */
export class NoCertificate extends Schema.TaggedError<NoCertificate>()("NoCertificate", {
  missing: Schema.String
}) {
  override get message(): string {
    return `a tls:// endpoint needs a certificate and its key; give ${this.missing}`
  }
}

/** The certificates, where one of the endpoints needs them; where none does, the files are not looked at. */
export const certificates = Effect.fnUntraced(function* (
  given: Given,
  endpoints: ReadonlyArray<Endpoint.Endpoint>
): Effect.fn.Return<Option.Option<Certificates.Certificates>, NoCertificate | Certificates.CertificateError> {
  if (!endpoints.some(({ _tag }) => _tag === "Tls")) return Option.none()
  const [cert, key, ca] = [given.tlsCert, given.tlsKey, given.tlsCa].map((file) =>
    Option.getOrUndefined(file)
  )
  if (cert === undefined || key === undefined) {
    const missing = [
      ...(cert === undefined ? ["--tls-cert FILE"] : []),
      ...(key === undefined ? ["--tls-key FILE"] : [])
    ]
    return yield* new NoCertificate({ missing: missing.join(" and ") })
  }
  return Option.some(
    yield* Certificates.load({
      cert: { file: cert },
      key: { file: key },
      ...(ca === undefined ? {} : { ca: { file: ca } })
    })
  )
})

/**
 * Takes SIGHUP for as long as the scope lives: the certificates are read again, one reading after the other.
 *
 * **Details**
 *
 * A server without TLS takes it, too, and only says so: whoever tells all servers of a machine to read their files
 * again must not end the one that has none.
 */
export const reloadAtHangup = (
  certificates: Option.Option<Certificates.Certificates>,
  { reloading }: ServiceManager
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    // One that comes while the files are being read asks for them to be read once more.
    const hangups = yield* Queue.sliding<void>(1)
    const onHangup = () => void Queue.offerUnsafe(hangups, undefined)
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("SIGHUP", onHangup)),
      () => Effect.sync(() => process.off("SIGHUP", onHangup))
    )
    const reload = Option.match(certificates, {
      onNone: () => Effect.logInfo("SIGHUP: no endpoint is tls://, so there is nothing to read again"),
      onSome: ({ reload }) =>
        Effect.matchEffect(reload, {
          onSuccess: () => Effect.logInfo("SIGHUP: read the TLS certificates again"),
          onFailure: ({ message }) => Effect.logError(`SIGHUP: ${message}; the ones before stay in use`)
        })
    })
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Queue.take(hangups), reloading(reload))))
  })
