/**
 * Certificates that tests make for themselves with the `openssl` command (Debian's package `openssl`).
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Why there can be none, where that is so. */
export const obstacle = ((): string | undefined => {
  try {
    const version = execFileSync("openssl", ["version"], { encoding: "utf8" }).trim()
    return /^OpenSSL [3-9]\./.test(version) ? undefined : `this machine has ${version}, not OpenSSL 3`
  } catch {
    return "this machine has no openssl command"
  }
})()

/** The files of a certificate and its key. */
export interface Issued {
  readonly cert: string
  readonly key: string
}

/** What a certificate is for: `IP:127.0.0.1`, `DNS:localhost`, separated by commas. */
export type Names = string

/** An authority in a directory of its own. */
export class Authority {
  readonly directory = mkdtempSync(join(tmpdir(), "wl-ca-"))
  readonly cert: string
  private readonly key: string
  private issued = 0

  constructor(name = "Wireline Test CA") {
    this.cert = this.file("ca.pem")
    this.key = this.file("ca.key")
    this.openssl("req", "-x509", ...newKey, "-subj", `/CN=${name}`, "-keyout", this.key, "-out", this.cert)
  }

  /** Makes a certificate with a new key. */
  issue(names: Names = "IP:127.0.0.1,IP:::1,DNS:localhost"): Issued {
    const [cert, key] = [this.file(`${++this.issued}.pem`), this.file(`${this.issued}.key`)]
    this.openssl(
      ...["req", "-x509", ...newKey, "-CA", this.cert, "-CAkey", this.key, "-subj", `/CN=${this.issued}`],
      ...["-addext", `subjectAltName=${names}`, "-addext", "basicConstraints=CA:FALSE"],
      ...["-keyout", key, "-out", cert]
    )
    return { cert, key }
  }

  /** The same certificate, but its time is over. */
  expire({ cert, key }: Issued): Issued {
    const [request, expired] = [`${cert}.csr`, `${cert}.expired`]
    this.openssl("req", "-new", "-key", key, "-subj", "/CN=expired", "-out", request)
    this.openssl(
      ...["x509", "-req", "-in", request, "-CA", this.cert, "-CAkey", this.key, "-days", "-1"],
      ...["-extfile", this.write("names", "subjectAltName=IP:127.0.0.1"), "-out", expired]
    )
    return { cert: expired, key }
  }

  /** The same key under a passphrase. */
  encrypt(key: string): string {
    const encrypted = `${key}.encrypted`
    this.openssl("pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", encrypted)
    return encrypted
  }

  file(name: string): string {
    return join(this.directory, name)
  }

  /** A file of its directory with this text. */
  write(name: string, text: string): string {
    writeFileSync(this.file(name), text)
    return this.file(name)
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  private openssl(...args: ReadonlyArray<string>): void {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] })
  }
}

// Of a kind that is made in no time.
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2"]

export const read = (file: string): string => readFileSync(file, "utf8")
