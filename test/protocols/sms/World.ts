/**
 * The SMS shell on a database file that outlives it, with phones that show what was sent to them, a mailbox, and passwords
 * that cost next to nothing.
 */
import { join } from "node:path"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { Accounts } from "../../../src/accounts/Accounts.ts"
import { Codes } from "../../../src/protocols/sms/Codes.ts"
import { type Letter, Mail } from "../../../src/protocols/sms/Mail.ts"
import { Outbox } from "../../../src/protocols/sms/Outbox.ts"
import { Sessions, type SessionsOptions } from "../../../src/protocols/sms/Sessions.ts"
import { Shell } from "../../../src/protocols/sms/shell/Shell.ts"
import type { Role } from "../../../src/accounts/Realm.ts"
import { TransmissionFailed, Transmitter } from "../../../src/protocols/sms/Transmitter.ts"
import * as Sqlite from "../../../src/storage/Sqlite.ts"
import { cheap } from "../../accounts/World.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import { Happenings } from "../../support/Happenings.ts"

/** The phones of everybody: what they have received, in order, as `NUMBER: TEXT`. */
export class Phones {
  readonly received = new Happenings()
  /** Every try to send, whatever came of it. */
  readonly tried = new Happenings()
  /** What stands in the way of a text to a number, and what is waited for on the way. */
  trouble: (number: string, text: string) => TransmissionFailed | Effect.Effect<void> | undefined = () =>
    undefined

  /** The texts of one phone. */
  of(number: string): ReadonlyArray<string> {
    return this.received.all
      .filter((text) => text.startsWith(`${number}: `))
      .map((text) => text.slice(number.length + 2))
  }

  readonly layer = Layer.succeed(Transmitter, {
    sends: true,
    transmit: (number, text) =>
      Effect.gen({ self: this }, function* () {
        this.tried.note(`${number}: ${text}`)
        const trouble = this.trouble(number, text)
        if (trouble instanceof TransmissionFailed) return yield* trouble
        if (trouble !== undefined) yield* trouble
        this.received.note(`${number}: ${text}`)
      })
  })
}

export const away = new TransmissionFailed({ reason: "the modem is away", permanent: false })
export const nobody = new TransmissionFailed({ reason: "there is no such number", permanent: true })

/** Whatever is mailed. */
export class Mailbox {
  readonly letters: Array<Letter> = []
  readonly layer = Layer.succeed(Mail, {
    sends: true,
    send: (letter) => Effect.sync(() => void this.letters.push(letter))
  })
}

/** What a server is made of, on a database file, without the shell. */
export const services = (
  filename: string,
  { mail, outbox, ...options }: SessionsOptions & Required<Pick<ServerOptions, "mail" | "outbox">>
) =>
  Layer.mergeAll(Sessions.layer(options), Codes.layer, outbox, mail).pipe(
    Layer.provideMerge(Layer.provide(Accounts.layerKdf({ costs: cheap }), NodeCrypto.layerKdf)),
    Layer.provideMerge(Sqlite.layer({ filename }))
  )

/** The shell on them. */
export const withShell = <A, E, R>(services: Layer.Layer<A, E, R>) =>
  Shell.layer().pipe(Layer.provideMerge(services), Layer.provide(NodeServices.layer))

/** A database in a file, which outlives its servers. */
export const world = Effect.map(temporaryDirectory, (directory) => {
  const phones = new Phones()
  const mailbox = new Mailbox()
  const filename = join(directory, "wireline.db")

  const here = (options: ServerOptions = {}) =>
    services(filename, {
      mail: mailbox.layer,
      outbox: Layer.provide(Outbox.layer, phones.layer),
      ...options
    })

  return {
    phones,
    mailbox,
    filename,
    database: Sqlite.layer({ filename }),
    services: here,
    /** Runs with the services of a server that has just been started. */
    started: (options?: ServerOptions) => Effect.provide(withShell(here(options)), { local: true })
  }
})

export type World = Effect.Success<typeof world>

export interface ServerOptions extends SessionsOptions {
  readonly mail?: Layer.Layer<Mail>
  readonly outbox?: Layer.Layer<Outbox, unknown, Layer.Success<ReturnType<typeof Sqlite.layer>>>
}

/** One number of many. */
export const numberOf = (n: number): string => `+336${String(n).padStart(8, "0")}`

/** Makes an account of a number. */
export const register = (number: string, role: Role = "USER", email?: string) =>
  Accounts.use((accounts) => accounts.create("sms", number, undefined, { role, email }))

/** What a number is answered. */
export const text = (number: string, text: string) =>
  Effect.map(
    Shell.use((shell) => shell.execute({ number, text })),
    ({ output }) => output
  )
