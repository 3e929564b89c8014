import { assert, describe, it } from "@effect/vitest"
import { Console, Effect, Schema, Stream } from "effect"
import * as Example from "../../examples/nmea.ts"
import * as Protocol from "../../src/Protocol.ts"
import { serve } from "../support/Example.ts"
import * as RawPeer from "../support/RawPeer.ts"

const { Nmea } = Example

const fix = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"
const minimum = "$GPRMC,123519,A,4807.038,S,01131.000,W,022.4,084.4,230394,003.1,W*65"
const others = [
  "$GPGSV,3,1,11,03,03,111,00,04,15,270,00,06,01,010,00,13,06,292,00*74",
  "!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"
]

const decode = (frame: string) => {
  const read = Nmea.decodeRequest(frame)
  return read instanceof Protocol.Malformed ? read.reason : read
}

/** The sentences in these bytes, which come in chunks of a few. */
const sentences = (bytes: string, size: number) =>
  Stream.fromIterable(Buffer.from(bytes, "latin1")).pipe(
    Stream.rechunk(size),
    Stream.chunks,
    Stream.map((chunk) => Uint8Array.from(chunk)),
    Protocol.decodeRequests(Nmea),
    Stream.runCollect
  )

describe("a sentence of NMEA 0183", () => {
  it("is decoded field by field", () => {
    assert.deepStrictEqual(decode(fix), {
      _tag: "GGA",
      talker: "GP",
      time: "12:35:19",
      latitude: 48.1173,
      longitude: 11.516_666_7,
      quality: 1,
      satellites: 8,
      dilution: 0.9,
      altitude: 545.4,
      geoid: 46.9,
      age: null,
      station: ""
    })
    assert.deepStrictEqual(decode(minimum), {
      _tag: "RMC",
      talker: "GP",
      time: "12:35:19",
      status: "A",
      latitude: -48.1173,
      longitude: -11.516_666_7,
      knots: 22.4,
      course: 84.4,
      day: "23/03/94",
      variation: "003.1,W"
    })
  })

  it("has no position where the receiver has none", () => {
    const read = Nmea.decodeRequest("$GNGGA,,,,,,0,00,99.99,,,,,,*56")
    assert(!(read instanceof Protocol.Malformed) && read._tag === "GGA")
    assert.deepStrictEqual(
      [read.time, read.latitude, read.longitude, read.altitude],
      [null, null, null, null]
    )
  })

  it.each([
    [fix.replace("*47", "*48"), { _tag: "Unreadable", problem: "the checksum is 48 instead of 47" }],
    [fix.replace("*47", ""), { _tag: "Unreadable", problem: "no checksum" }],
    ["$GPGGA,1*4B", { _tag: "TooFewFields", message: "GGA", keyword: "GGA" }]
  ])("says what is wrong with %s", (frame, reason) => {
    assert.deepStrictEqual<unknown>(decode(frame), reason)
  })

  it("is written as it was read where its kind is not known", () => {
    for (const sentence of others) {
      const read = Nmea.decodeRequest(sentence)
      assert(!(read instanceof Protocol.Malformed) && read._tag === "other")
      assert.strictEqual(Nmea.encodeRequest(read), sentence)
    }
  })

  it("of a maker is not taken for the one that its name ends with", () => {
    assert.deepStrictEqual(decode("$PGRMC,A*26"), { _tag: "other", address: "$PGRMC", fields: ["A"] })
  })

  const tenMillionths = (degrees: number) =>
    Schema.Int.check(Schema.isBetween({ minimum: -degrees * 1e7, maximum: degrees * 1e7 }))

  it.prop(
    "keeps its position to seven decimals",
    [tenMillionths(90), tenMillionths(180)],
    ([north, east]) => {
      const read = Nmea.decodeRequest(fix)
      assert(!(read instanceof Protocol.Malformed) && read._tag === "GGA")
      const moved = { ...read, latitude: north / 1e7, longitude: east / 1e7 }
      assert.deepStrictEqual(decode(Nmea.encodeRequest(moved)), moved)
    }
  )
})

describe("reading NMEA 0183", () => {
  const noise = Schema.String.check(Schema.isPattern(/^[ "#%-\xff]*$/))
  const size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 }))

  it.effect.prop("finds the next sentence after any noise", [noise, size], ([noise, size]) =>
    Effect.gen(function* () {
      const read = yield* sentences(`${noise}${fix}\r\n${noise}\r\n${minimum}\n`, size)
      const tags = read.map(({ _tag }) => _tag)
      const invalid = noise === "" ? [] : ["InvalidFrame"]
      assert.deepStrictEqual(tags, [...invalid, "GGA", ...invalid, "RMC"])
    })
  )

  it.effect("finds the sentence that cuts another one short", () =>
    Effect.gen(function* () {
      for (const size of [1, 5, 1000]) {
        const read = yield* sentences(`${fix.slice(0, 30)}${minimum}\r\n`, size)
        assert.deepStrictEqual(
          read.map((item) => (item._tag === "InvalidFrame" ? item.reason : item._tag)),
          ["NoStart", "RMC"]
        )
      }
    })
  )
})

describe("nmea.ts", () => {
  it.effect("prints what it reads and what it ignores, and answers nothing", () =>
    Effect.gen(function* () {
      const printed: Array<string> = []
      const note =
        (name: string) =>
        (...args: ReadonlyArray<unknown>) =>
          void printed.push(`${name}: ${args.join(" ")}`)
      const endpoint = yield* Effect.provideService(serve(Example.layer), Console.Console, {
        ...console,
        log: note("out"),
        error: note("err")
      })
      const peer = yield* RawPeer.connect(endpoint)
      yield* peer.send(`noise${fix}\r\n${fix.replace("*47", "*48")}\r\n${minimum}\r\n`)
      yield* peer.end
      assert.strictEqual(yield* peer.rest, "")
      assert.deepStrictEqual(printed, [
        "err: ignored 5 bytes that are not a sentence (NoStart)",
        "out: GGA 12:35:19 at 48.1173000 11.5166667, 545.4 m high, 8 satellites",
        `err: ignored ${fix.replace("*47", "*48")}: the checksum is 48 instead of 47`,
        "out: RMC 23/03/94 12:35:19 at -48.1173000 -11.5166667, 22.4 knots, course 84.4"
      ])
    })
  )
})
