/** The spans of connections, requests and commands. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Tracer } from "effect"
import { Server } from "../../src/index.ts"
import { open, serve, Stage, unix } from "../support/Probe.ts"
import { answersOf } from "../support/Talk.ts"

/** Runs a test with a tracer, and the share of requests that get spans; gives it the spans so far. */
const traced = <A, E, R>(
  share: number,
  test: (spans: ReadonlyArray<Tracer.NativeSpan>) => Effect.Effect<A, E, R>
) => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return test(spans).pipe(
    Effect.provide(Stage.layer, { local: true }),
    Effect.provideService(Tracer.Tracer, tracer),
    Effect.provideService(Server.TraceSampling, share),
    Effect.scoped
  )
}

const parentOf = (span: Tracer.NativeSpan): string | undefined =>
  span.parent._tag === "Some" ? span.parent.value.spanId : undefined

const ours = /^(wireline|probe)\./

describe("The spans of a server", () => {
  it.effect("are one of each connection, one of each request in it, and one of each command in that", () =>
    traced(1, (spans) =>
      Effect.gen(function* () {
        const { endpoint, stop } = yield* serve(yield* unix)
        yield* open("g")
        yield* answersOf({ endpoint }, "say a\nwait g\nlater g\nportions 2 3 well\ndie effect\nwhat\n")
        yield* stop
        const named = (name: string) => spans.filter((span) => span.name === name)
        const [connection, ...others] = named("wireline.connection")
        assert.deepStrictEqual(others, [])
        assert.strictEqual(connection!.kind, "server")
        const requests = named("wireline.request")
        assert.deepStrictEqual(
          requests.map(({ attributes }) => [
            attributes.get("wireline.command"),
            attributes.get("wireline.request")
          ]),
          [
            ["say", "1-1"],
            ["wait", "1-2"],
            ["later", "1-3"],
            ["portions", "1-4"],
            ["die", "1-5"]
          ]
        )
        for (const request of requests) {
          assert.strictEqual(request.kind, "server")
          assert.strictEqual(request.attributes.get("wireline.protocol"), "probe")
          assert.strictEqual(parentOf(request), connection!.spanId)
          const commands = spans.filter((span) => parentOf(span) === request.spanId)
          assert.deepStrictEqual(
            commands.map(({ name }) => name),
            [`probe.${String(request.attributes.get("wireline.command"))}`]
          )
        }
        for (const span of spans) assert.strictEqual(span.status._tag, "Ended")
        const [died] = named("probe.die")
        assert.isTrue(died!.status._tag === "Ended" && died!.status.exit._tag === "Failure")
      })
    )
  )

  it.effect("are none unless some share of the requests is traced", () =>
    traced(0, (spans) =>
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        yield* answersOf({ endpoint }, "say a\ndie effect\nportions 2 3 well\n")
        assert.deepStrictEqual(
          spans.filter(({ name }) => ours.test(name)),
          []
        )
      })
    )
  )

  it.effect("change no answer", () =>
    Effect.gen(function* () {
      const talk = Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        yield* open("g")
        return yield* answersOf(
          { endpoint },
          "say a\nlater g\nmany 3\nsilent\nwait g\nportions 2 3 well\ndie throwing\nwhat\nbye b\n"
        )
      })
      const [all, none] = [yield* traced(1, () => talk), yield* traced(0, () => talk)]
      assert.strictEqual(all, none)
    })
  )
})
