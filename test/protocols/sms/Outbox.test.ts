/** The texts that go out: in order, at least once, whatever becomes of the server, the modem, and the other numbers. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, DateTime, Deferred, Duration, Effect, Layer, Metric, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Outbox } from "../../../src/protocols/sms/Outbox.ts"
import { Transmitter } from "../../../src/protocols/sms/Transmitter.ts"
import { withLogs } from "../../support/Happenings.ts"
import { passing, turn } from "../../support/Time.ts"
import { away, nobody, type Phones, type World, world } from "./World.ts"

const ada = "+33612345678"
const bob = "+33687654321"

const send = (number: string, text: string, after?: Duration.Input) =>
  Outbox.use((outbox) =>
    Effect.flatMap(DateTime.now, (now) =>
      outbox.send(
        number,
        text,
        after === undefined ? {} : { notBefore: DateTime.addDuration(now, Duration.fromInputUnsafe(after)) }
      )
    )
  )

const count = Effect.map(
  Outbox.use(({ waiting }) => waiting),
  ({ count }) => count
)

/** Runs with an outbox that has just been started on the database, whose texts go to the phones of `here`, or nowhere. */
const started = (here: World, layer = Layer.provide(Outbox.layer, here.phones.layer)) =>
  Effect.provide(Layer.provideMerge(layer, here.database), { local: true })

/** A test with a started outbox; the clock stands somewhere. */
const sending = (test: (phones: Phones) => Effect.Effect<void, unknown, Outbox | SqlClient.SqlClient>) =>
  Effect.gen(function* () {
    const here = yield* world
    yield* TestClock.adjust("1000 days")
    yield* started(here)(test(here.phones))
  })

/** Some turns of the event loop: enough for whatever would happen without time passing. */
const settle = Effect.repeat(turn, { times: 20 })

/** The phones until this has been received, as time passes. */
const until = (phones: Phones, text: string | RegExp, times?: number) =>
  passing("500 millis", phones.received.until(text, times))

describe("A text", () => {
  it.effect("is sent at once, and is gone from the queue then", () =>
    sending((phones) =>
      Effect.gen(function* () {
        yield* send(ada, "hello")
        yield* phones.received.until(`${ada}: hello`)
        yield* settle
        assert.strictEqual(yield* count, 0)
        assert.deepStrictEqual(phones.tried.all, [`${ada}: hello`])
      })
    )
  )

  it.effect("goes to the one number that there are many ways to write", () =>
    sending((phones) =>
      Effect.gen(function* () {
        yield* send("0033 6 12-34.56 78", "hello")
        yield* phones.received.until(`${ada}: hello`)
        yield* send("Orange", "hello")
        yield* phones.received.until("Orange: hello")
      })
    )
  )

  it.effect("that is not to be sent before a time is sent then, and counted as scheduled until then", () =>
    sending((phones) =>
      Effect.gen(function* () {
        const outbox = yield* Outbox
        yield* send(ada, "later", "10 minutes")
        yield* send(ada, "now")
        yield* phones.received.until(`${ada}: now`)
        yield* settle
        assert.strictEqual(yield* outbox.scheduled(ada), 1)
        assert.strictEqual(yield* outbox.scheduled(bob), 0)
        yield* TestClock.adjust("599 seconds")
        yield* settle
        assert.deepStrictEqual(phones.of(ada), ["now"])
        assert.strictEqual((yield* outbox.waiting).due, 0)
        yield* TestClock.adjust("2 seconds")
        yield* phones.received.until(`${ada}: later`)
        assert.strictEqual(yield* outbox.scheduled(ada), 0)
      })
    )
  )

  it.effect("that cannot be sent is tried again with growing pauses, five minutes at the most", () =>
    sending((phones) =>
      Effect.gen(function* () {
        phones.trouble = () => away
        yield* send(ada, "hello")
        yield* phones.tried.until(`${ada}: hello`)
        const pauses: Array<number> = []
        for (let tries = 2; tries <= 10; tries++) {
          const took = yield* passing("1 seconds", phones.tried.until(`${ada}: hello`, tries))
          pauses.push(Duration.toSeconds(took))
        }
        for (const [i, expected] of [5, 10, 20, 40, 80, 160, 300, 300, 300].entries()) {
          // The queue is looked at once a second.
          assert.isAtLeast(pauses[i]!, expected - 1)
          assert.isAtMost(pauses[i]!, expected + 3)
        }
        phones.trouble = () => undefined
        yield* until(phones, `${ada}: hello`)
        yield* settle
        assert.strictEqual(yield* count, 0)
      })
    )
  )

  it.effect("that never can be sent is dropped, with a line in the log that does not repeat it", () =>
    withLogs((logs) =>
      sending((phones) =>
        Effect.gen(function* () {
          phones.trouble = (number) => (number === ada ? nobody : undefined)
          yield* send(ada, "secret")
          yield* send(ada, "another secret")
          yield* logs.until(/a text was dropped: there is no such number/, 2)
          yield* settle
          assert.strictEqual(yield* count, 0)
          assert.strictEqual(phones.tried.all.length, 2)
          assert.notMatch(logs.all.join("\n"), /secret/)
        })
      )
    )
  )

  it.effect("is given up a week after it was due, and not before", () =>
    withLogs((logs) =>
      Effect.gen(function* () {
        const here = yield* world
        const { phones } = here
        phones.trouble = () => away
        yield* TestClock.adjust("1000 days")
        yield* started(here, Outbox.layerQueueOnly)(send(ada, "hello"))
        yield* TestClock.adjust("7 days")
        yield* started(here)(
          Effect.gen(function* () {
            yield* logs.until(/a text was not sent, next try in 5 s: the modem is away/)
            assert.strictEqual(yield* count, 1)
            yield* passing("500 millis", logs.until(/a text was dropped: the modem is away/))
            yield* settle
            assert.strictEqual(yield* count, 0)
          })
        )
        assert.strictEqual(phones.tried.all.length, 2)
      })
    )
  )

  it.effect("is tried again where the transmitter has a defect", () =>
    sending((phones) =>
      Effect.gen(function* () {
        phones.trouble = () => Effect.die(new Error("a defect"))
        yield* send(ada, "hello")
        yield* phones.tried.until(`${ada}: hello`)
        phones.trouble = () => undefined
        yield* until(phones, `${ada}: hello`)
      })
    )
  )
})

describe("Texts", () => {
  it.effect("to one number are sent one after another, in their order, and nobody else waits for them", () =>
    sending((phones) =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        phones.trouble = (_, text) => (text === "first" ? Deferred.await(gate) : undefined)
        yield* send(ada, "first")
        yield* send(ada, "second")
        for (let n = 0; n < 20; n++) yield* send(bob, `${n}`)
        yield* phones.received.until(/^\+33687654321: /, 20)
        assert.deepStrictEqual(
          phones.of(bob),
          Array.from({ length: 20 }, (_, n) => `${n}`)
        )
        assert.strictEqual(phones.tried.count(/: second$/), 0)
        yield* Deferred.succeed(gate, undefined)
        yield* phones.received.until(`${ada}: second`)
        assert.deepStrictEqual(phones.of(ada), ["first", "second"])
      })
    )
  )

  it.effect("wait behind one that is tried again, and a reminder of the past does not overtake it", () =>
    sending((phones) =>
      Effect.gen(function* () {
        phones.trouble = () => away
        yield* send(ada, "due later", "3 seconds")
        yield* send(ada, "first")
        yield* phones.tried.until(`${ada}: first`)
        yield* send(ada, "second")
        yield* TestClock.adjust("4 seconds")
        yield* settle
        assert.deepStrictEqual([...new Set(phones.tried.all)], [`${ada}: first`])
        phones.trouble = () => undefined
        yield* until(phones, `${ada}: due later`)
        assert.deepStrictEqual(phones.of(ada), ["first", "second", "due later"])
      })
    )
  )

  it.effect("go to four numbers at a time", () =>
    sending((phones) =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        phones.trouble = () => Deferred.await(gate)
        for (let n = 0; n < 10; n++) yield* send(`+3361234567${n}`, "hello")
        yield* phones.tried.until(/hello/, 4)
        yield* settle
        assert.strictEqual(phones.tried.all.length, 4)
        yield* Deferred.succeed(gate, undefined)
        yield* phones.received.until(/hello/, 10)
      })
    )
  )

  const Texts = Arbitrary.array(
    Arbitrary.all([
      Arbitrary.schema(Schema.Literals([ada, bob, "+33699999999"])),
      Arbitrary.schema(Schema.Literals([0, 0, 1, 5, 15])),
      Arbitrary.schema(Schema.Literals(["well", "well", "away", "slow"]))
    ]),
    { maxLength: 10 }
  )

  it.effect.prop(
    "all arrive, those to one number in the order in which they are due, whatever goes wrong on the way",
    [Texts],
    ([texts]) =>
      Effect.gen(function* () {
        const here = yield* world
        const { phones } = here
        yield* TestClock.adjust("1000 days")
        const tries = new Map<string, number>()
        phones.trouble = (_, text) => {
          const before = tries.get(text) ?? 0
          tries.set(text, before + 1)
          if (text.endsWith("away") && before < 2) return away
          return text.endsWith("slow") ? Effect.sleep("2 seconds") : undefined
        }
        yield* started(here)(
          Effect.gen(function* () {
            for (const [i, [number, delay, fate]] of texts.entries())
              yield* send(number, `${i} ${fate}`, `${delay} seconds`)
            yield* until(phones, /./, texts.length)
          })
        )
        for (const number of new Set(texts.map(([number]) => number))) {
          const expected = texts
            .map(([to, delay, fate], i) => ({ to, delay, text: `${i} ${fate}` }))
            .filter(({ to }) => to === number)
            .toSorted((one, other) => one.delay - other.delay)
            .map(({ text }) => text)
          assert.deepStrictEqual([...phones.of(number)], expected)
        }
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 15 } }
  )
})

describe("A restart", () => {
  it.effect("finds the texts that were not sent, and those that are not due yet", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* TestClock.adjust("1000 days")
      here.phones.trouble = () => away
      yield* started(here)(Effect.andThen(send(ada, "hello"), send(ada, "later", "1 minutes")))
      here.phones.trouble = () => undefined
      yield* started(here)(
        Effect.gen(function* () {
          yield* until(here.phones, `${ada}: hello`)
          yield* TestClock.adjust("1 minutes")
          yield* here.phones.received.until(`${ada}: later`)
        })
      )
    })
  )

  it.effect("waits ten seconds for what is on its way, and sends again what did not make it", () =>
    Effect.gen(function* () {
      const here = yield* world
      const { phones } = here
      yield* TestClock.adjust("1000 days")
      phones.trouble = (_, text) => (text === "slow" ? Effect.sleep("9 seconds") : Effect.never)
      const both = Effect.andThen(send(ada, "slow"), send(bob, "stuck"))
      yield* passing("500 millis", started(here)(Effect.andThen(both, phones.tried.until(/./, 2))))
      assert.deepStrictEqual(phones.received.all, [`${ada}: slow`])
      phones.trouble = () => undefined
      yield* started(here)(until(phones, `${bob}: stuck`))
      assert.deepStrictEqual(phones.received.all, [`${ada}: slow`, `${bob}: stuck`])
    })
  )

  it.effect("without a transmitter leaves what is queued alone", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* TestClock.adjust("1000 days")
      yield* started(here, Outbox.layerQueueOnly)(send(ada, "hello"))
      yield* started(
        here,
        Layer.provide(Outbox.layer, Transmitter.layerNone)
      )(
        Effect.gen(function* () {
          assert.isFalse((yield* Outbox).sends)
          yield* TestClock.adjust("1 minutes")
          yield* settle
          assert.strictEqual(yield* count, 1)
        })
      )
      yield* started(here)(here.phones.received.until(`${ada}: hello`))
    })
  )
})

describe("The outbox", () => {
  it.effect("sends what another process has queued, within a second or so", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* TestClock.adjust("1000 days")
      yield* started(here)(
        Effect.gen(function* () {
          yield* settle
          yield* started(here, Outbox.layerQueueOnly)(send(ada, "from elsewhere"))
          yield* TestClock.adjust("1 seconds")
          yield* here.phones.received.until(`${ada}: from elsewhere`)
        })
      )
    })
  )

  it.effect(
    "takes a text in a transaction of the caller's when that is committed, and not when it is not",
    () =>
      sending((phones) =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* Effect.flip(
            sql.withTransaction(Effect.andThen(send(ada, "never"), Effect.fail("rolled back")))
          )
          yield* sql.withTransaction(send(ada, "committed"))
          yield* phones.received.until(`${ada}: committed`)
          yield* settle
          assert.deepStrictEqual(phones.tried.all, [`${ada}: committed`])
        })
      )
  )

  it.effect(
    "sends nothing twice because the database is out of order for a while, and goes on when it is not",
    () =>
      withLogs((logs) =>
        sending((phones) =>
          Effect.gen(function* () {
            const sql = yield* SqlClient.SqlClient
            const breaks = Effect.orDie(Effect.asVoid(sql`ALTER TABLE sms_outbox RENAME TO lost`))
            const mended = Effect.asVoid(sql`ALTER TABLE lost RENAME TO sms_outbox`)
            // It breaks while the text is on its way.
            phones.trouble = (_, text) => (text === "first" ? breaks : undefined)
            yield* send(ada, "first")
            yield* logs.until(/the queue of texts cannot be written: /)
            assert.strictEqual((yield* Effect.flip(send(ada, "refused")))._tag, "StorageUnavailable")
            yield* passing("500 millis", logs.until(/the queue of texts cannot be looked into: /))
            yield* mended
            yield* send(ada, "second")
            yield* until(phones, `${ada}: second`)
            yield* settle
            assert.deepStrictEqual(phones.of(ada), ["first", "second"])
            assert.strictEqual(yield* count, 0)
          })
        )
      )
  )

  it.effect("tells how many texts wait, how many of them are due, and for how long", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* TestClock.adjust("1000 days")
      yield* started(
        here,
        Outbox.layerQueueOnly
      )(
        Effect.gen(function* () {
          const { waiting } = yield* Outbox
          assert.deepStrictEqual(yield* waiting, { count: 0, due: 0, oldest: Duration.zero })
          yield* send(ada, "one")
          yield* TestClock.adjust("7 seconds")
          yield* send(ada, "two")
          yield* send(ada, "three", "1 hours")
          assert.deepStrictEqual(yield* waiting, { count: 3, due: 2, oldest: Duration.seconds(7) })
        })
      )
    })
  )

  it.effect("measures what it has sent, what it has not, for how long texts wait, and how many do", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* TestClock.adjust("1000 days")
      const metrics = () =>
        Effect.map(Metric.snapshot, (all) => {
          const of = (id: string, status?: string) =>
            all.find(
              (each) => each.id === id && (status === undefined || each.attributes?.["status"] === status)
            )?.state
          return {
            sent: of("wireline_sms_messages_transmitted_total", "sent"),
            retried: of("wireline_sms_messages_transmitted_total", "retried"),
            dropped: of("wireline_sms_messages_transmitted_total", "dropped"),
            time: of("wireline_sms_queue_seconds"),
            length: of("wireline_sms_queue_length")
          }
        })
      here.phones.trouble = (number) => (number === ada ? away : number === bob ? nobody : undefined)
      yield* started(here)(
        Effect.gen(function* () {
          yield* send("+33699999999", "sent")
          yield* send(ada, "to be retried")
          yield* send(bob, "to be dropped")
          yield* here.phones.tried.until(/./, 3)
          yield* settle
          yield* TestClock.adjust("1 seconds")
          yield* settle
          const { dropped, length, retried, sent, time } = yield* metrics()
          assert.deepInclude(sent, { count: 1 })
          assert.deepInclude(retried, { count: 1 })
          assert.deepInclude(dropped, { count: 1 })
          assert.deepInclude(time, { count: 1, sum: 0 })
          assert.deepInclude(length, { value: 1 })
        })
      )
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})
