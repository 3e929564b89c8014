/** Gammu's own SMSD before a telephone that is a folder: what is laid into it comes back as sent. */
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, renameSync, watch, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { Accounts } from "../../../src/accounts/Accounts.ts"
import * as Backup from "../../../src/protocols/sms/gammu/Backup.ts"
import * as Sqlite from "../../../src/storage/Sqlite.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import { cheap } from "../../support/ServedExon.ts"
import { section } from "../../support/SmsBackup.ts"
import * as Started from "../../support/Started.ts"

const missing = ["gammu-smsd", "gammu-smsd-inject"].filter(
  (program) => spawnSync(program, ["--version"]).error !== undefined
)
if (missing.length > 0) console.log(`skipping the round trip with Gammu SMSD: ${missing.join(", ")} missing`)

const guest = "+33612345678"
const member = "+33612345679"

/** The folders of SMSD. */
const folders = ["inbox", "outbox", "sent", "error"] as const

const configuration = (directory: string, runOnReceive: string): string =>
  [
    "[gammu]",
    "model = dummy",
    "connection = none",
    `device = ${join(directory, "phone")}`,
    "gammuloc = /dev/null",
    "[smsd]",
    "service = files",
    `logfile = ${join(directory, "smsd.log")}`,
    ...folders.map(
      (folder) =>
        `${folder === "sent" || folder === "error" ? `${folder}sms` : folder}path = ${join(directory, folder)}/`
    ),
    ...["receivefrequency", "loopsleep", "commtimeout"].map((name) => `${name} = 1`),
    ...["checksecurity", "checkbattery", "checksignal", "checknetwork"].map((name) => `${name} = 0`),
    `runonreceive = ${runOnReceive}`,
    ""
  ].join("\n")

/** A telephone, SMSD before it, and the server that answers what comes in. */
const telephone = Effect.gen(function* () {
  const directory = yield* temporaryDirectory
  const data = join(directory, "data")
  for (const folder of [...folders, "phone/sms/1", "data"]) {
    mkdirSync(join(directory, folder), { recursive: true })
  }
  yield* Accounts.use((accounts) => accounts.create("sms", member, undefined, { role: "USER" })).pipe(
    Effect.provide(Layer.provide(Accounts.layerKdf({ costs: cheap }), NodeCrypto.layerKdf)),
    Effect.provide(Sqlite.layer({ filename: join(data, Sqlite.databaseName) })),
    Effect.orDie
  )
  const smsdrc = join(directory, "smsdrc")
  const endpoint = `unix:${join(data, "sms.socket")}`
  writeFileSync(
    smsdrc,
    configuration(directory, `${process.execPath} ${Started.command} sms deliver --endpoint ${endpoint}`)
  )
  const server = yield* Started.wireline([
    ...["serve", "--data", data, "--sec-lsm-manager", "off", "--sms", endpoint],
    ...["--sms-transmitter", "gammu", "--sms-gammu-config", smsdrc]
  ])
  yield* server.says("stdout", /^sms listening on /)
  const smsd = yield* Started.start(["gammu-smsd", "-c", smsdrc], {
    env: { LC_ALL: "C.UTF-8", ...Started.compiling }
  })

  let laid = 0
  /** A text comes in, in one part or more. */
  const receive = (number: string, ...parts: ReadonlyArray<string>) =>
    Effect.sync(() => {
      for (const [i, text] of parts.entries()) {
        const header = `0500034D${[parts.length, i + 1].map((n) => n.toString(16).padStart(2, "0")).join("")}`
        const file = join(directory, "phone", `laid-${++laid}`)
        const udh = parts.length > 1 ? { udh: header } : {}
        writeFileSync(file, section({ at: 0, number, text, ...udh }))
        renameSync(file, join(directory, "phone/sms/1", String(laid)))
      }
    })

  const sent = join(directory, "sent")
  /** The texts that have been sent to a number. */
  const sentTo = (number: string): ReadonlyArray<string> =>
    readdirSync(sent)
      .filter((name) => name.includes(`_${number}_`))
      .map((name) =>
        Backup.read(readFileSync(join(sent, name), "utf8").replaceAll("State = Sent", "State = Read"))
          .map(({ text }) => text)
          .join("")
      )

  const unsent = (number: string, pattern: RegExp) =>
    Effect.die(
      new Error(
        [
          `nothing like ${pattern} was sent: ${JSON.stringify(sentTo(number))}`,
          ...[server.stderr(), smsd.stderr(), readFileSync(join(directory, "smsd.log"), "utf8")]
        ].join("\n")
      )
    )

  /** Waits for a text that is sent to a number, and gives what the pattern finds in it. */
  const sends = (number: string, pattern: RegExp) =>
    Effect.acquireUseRelease(
      Effect.sync(() => watch(sent)),
      (watcher) =>
        Effect.callback<string>((resume) => {
          const look = () => {
            const found = sentTo(number).flatMap((text) => pattern.exec(text) ?? [])
            if (found[0] !== undefined) resume(Effect.succeed(found[0]))
          }
          watcher.on("change", look)
          look()
        }),
      (watcher) => Effect.sync(() => watcher.close())
    ).pipe(Effect.timeoutOrElse({ duration: "12 seconds", orElse: () => unsent(number, pattern) }))

  return { receive, sends }
}) satisfies Effect.Effect<unknown, never, Scope.Scope>

describe.skipIf(missing.length > 0)("Gammu SMSD", () => {
  it.live(
    "hands over what comes in, and sends the answers: whoami, a text in parts, and a login by OTP",
    () =>
      Effect.gen(function* () {
        const { receive, sends } = yield* telephone
        yield* receive(member, "login otp")
        yield* receive(guest, "whoami")
        yield* receive(guest, "desc who", "ami")
        // Waited for at once: SMSD may give a later text of the same second the file of an earlier one.
        const login = Effect.gen(function* () {
          const code = yield* sends(member, /\d{6}/)
          yield* receive(member, `login code ${code}`)
          return yield* sends(member, /^logged in.*/)
        })
        const sent = yield* Effect.all([sends(guest, /^\+.*/), sends(guest, /^tells.*/), login], {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(sent, [guest, "tells your number", "logged in as USER"])
      }).pipe(Effect.scoped),
    30_000
  )
})
