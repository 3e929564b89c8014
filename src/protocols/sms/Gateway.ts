/**
 * The way of a message, step by step: it is received and parsed when it comes here; its sender and its text are
 * validated, the shell executes it, the answer is validated, and queued to be transmitted (notes on the specification,
 * "SMS shell"). The chain of the reply tells how far it got.
 *
 * Where a text may not come in (its number or itself is not allowed, or it came with a token that is none of its role),
 * the answer is `#Err: command denied`, the shell never sees it, and nothing is transmitted.
 */
import { Clock, Context, Effect, Layer, Metric, Redacted } from "effect"
import * as Mac from "effect/crypto/Mac"
import { type Configuration, defaults } from "./Configuration.ts"
import * as Filters from "./Filters.ts"
import { Outbox } from "./Outbox.ts"
import { type Chain, errorPrefix, type Reply, type Step, type Text, toSeconds } from "./Protocol.ts"
import { Shell } from "./shell/Shell.ts"

export class Gateway extends Context.Service<
  Gateway,
  {
    /**
     * Takes a message along its way. When it returns, the answer waits in the outbox, unless it is empty, the message
     * asked not to have it transmitted, or nothing is transmitted at all.
     */
    readonly receive: (message: Text) => Effect.Effect<Reply>
  }
>()("wireline/sms/Gateway") {
  /** The gateway with the filters and the tokens of a configuration. */
  static readonly layer = (
    configuration: Configuration = defaults
  ): Layer.Layer<Gateway, never, Shell | Outbox> => Layer.effect(Gateway, make(configuration))
}

const messagesReceived = Metric.counter("wireline_sms_messages_received_total", {
  description: "Texts that gateways have handed over, by what became of them",
  incremental: true
})

const counted = (status: "ok" | "error" | "denied") =>
  Metric.update(Metric.withAttributes(messagesReceived, { status }), 1)

const received = { ok: counted("ok"), error: counted("error"), denied: counted("denied") }

const denied = `${errorPrefix}command denied`

const make = Effect.fnUntraced(function* (configuration: Configuration) {
  const shell = yield* Shell
  const outbox = yield* Outbox
  const clock = yield* Clock.Clock
  const filters = Filters.make(configuration)

  const receive = Effect.fnUntraced(function* (message: Text) {
    const { auth, sms_number: number, sms_text: text } = message
    const chain: Array<Chain[number]> = []
    const pass = (step: Step) => void chain.push([step, toSeconds(clock.currentTimeMillisUnsafe())])
    const answer = (output: string): Reply => ({
      _tag: "Answer",
      received_length: message.length ?? 0,
      output,
      chain
    })

    pass("received")
    pass("parsed")
    if (auth !== undefined && !isTokenOf(configuration, auth)) {
      yield* Effect.logWarning(`denied a text that came with a token which is none of ${auth.role}`)
      yield* received.denied
      return answer(denied)
    }
    if (!filters.admits(number, text)) {
      yield* received.denied
      return answer(denied)
    }
    pass("input_validated")
    const outcome = yield* shell.execute({
      number,
      text: filters.inbound(text),
      ...(auth === undefined ? {} : { role: auth.role })
    })
    pass("executed")
    yield* outcome.isError ? received.error : received.ok
    const output = filters.outbound(outcome.output)
    pass("output_validated")
    if (message.transmit === false || !outbox.sends || output === "") return answer(output)
    return yield* outbox.send(number, output).pipe(
      Effect.map(() => {
        pass("transmitted")
        return answer(output)
      }),
      // The outbox has logged why. Whoever handed the text over sees in the chain that its answer goes nowhere.
      Effect.catchTag("StorageUnavailable", () => Effect.succeed(answer(output)))
    )
  })

  return Gateway.of({ receive })
})

/** Compared in constant time; a role without a token has none that anybody could hold. */
const isTokenOf = ({ tokens }: Configuration, { role, token }: NonNullable<Text["auth"]>): boolean => {
  const expected = tokens[role]
  return expected !== undefined && Mac.timingSafeEqual(bytesOf(expected), bytesOf(token))
}

const bytesOf = (token: Redacted.Redacted): Uint8Array => utf8.encode(Redacted.value(token))

const utf8 = new TextEncoder()
