/**
 * Answers texts, one of each number, until it is killed, and says on standard output what it has answered and what it has
 * sent. `Killed.test.ts` starts it.
 *
 *     node answer-texts.ts FILE FIRST
 */
import { Effect, Layer } from "effect"
import { writeSync } from "node:fs"
import { Gateway } from "../../../src/protocols/sms/Gateway.ts"
import { Mail } from "../../../src/protocols/sms/Mail.ts"
import { Outbox } from "../../../src/protocols/sms/Outbox.ts"
import { Text } from "../../../src/protocols/sms/Protocol.ts"
import { Transmitter } from "../../../src/protocols/sms/Transmitter.ts"
import { numberOf, services, withShell } from "./World.ts"

const [filename, first] = process.argv.slice(2)

const say = (line: string) => Effect.sync(() => void writeSync(1, `${line}\n`))

/** How many texts are sent; those after them wait for ever, so that some are left whenever the end comes. */
let most = 20

const transmitter = Layer.succeed(Transmitter, {
  sends: true,
  transmit: (number) => (most-- > 0 ? say(`sent ${number}`) : Effect.never)
})

const program = Effect.gen(function* () {
  const gateway = yield* Gateway
  for (let n = Number(first); ; n++) {
    const number = numberOf(n)
    const { chain } = yield* gateway.receive(Text.make({ sms_number: number, sms_text: "whoami" }))
    yield* say(`${chain.at(-1)![0]} ${number}`)
  }
})

const shell = withShell(
  services(filename!, { mail: Mail.layerNone, outbox: Layer.provide(Outbox.layer, transmitter) })
)

await Effect.runPromise(Effect.provide(program, Layer.provideMerge(Gateway.layer(), shell)))
