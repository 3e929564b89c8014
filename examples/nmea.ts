/**
 * NMEA 0183, the sentences that GPS receivers and ship's instruments send.
 *
 * ```sh
 * node examples/nmea.ts tcp://127.0.0.1:10110     # receivers connect and talk
 * node examples/nmea.ts stdio: < /dev/ttyUSB0     # one receiver on a serial line
 * ```
 *
 * The example shows a protocol without replies, start marks by which reading recovers after noise, and a syntax of its
 * own with a checksum. Each sentence is printed as a line on standard output, and what is none on standard error. For a
 * program of your own, `stream.pipe(Protocol.decodeRequests(Nmea))` makes sentences of bytes.
 */
import { Console, Effect, Schema } from "effect"
import { Command, Framing, Message, Protocol, Server, Syntax } from "../src/index.ts"
import { run } from "./run.ts"

// Fields

/** "valid characters" but those that have a meaning of their own. */
const Text = Schema.String.check(Schema.isPattern(/^[^,*$!\r\n\x80-\uffff]*$/))
/** Who speaks, as "GP"; a P begins the address of a proprietary sentence. */
const Talker = Schema.String.check(Schema.isPattern(/^[A-OQ-Z][A-Z]$/))
const Address = Schema.String.check(Schema.isPattern(/^(?!\$[^P].(GGA|RMC)$)[$!][A-Z0-9]+$/))

/** A field that may be empty, which is `null`; it is written as the first of `empty`. */
const nullable = <A>(options: Parameters<typeof Syntax.field<A>>[0], empty: ReadonlyArray<string> = [""]) =>
  Syntax.field<A | null>({
    ...options,
    schema: Schema.NullOr(options.schema),
    read: (text) => (empty.includes(text) ? null : options.read(text)),
    write: (value) => (value === null ? empty[0] : options.write(value))
  })

const decimal = /^-?\d+(\.\d+)?$/

const Decimal = nullable({
  schema: Schema.Finite,
  expected: "a decimal number",
  read: (text) => (decimal.test(text) ? Number(text) : undefined),
  write: (value) => (decimal.test(String(value)) ? String(value) : undefined)
})

/** hhmmss.ss, as "12:35:19.00" in UTC. */
const Time = nullable({
  schema: Schema.String.check(Schema.isPattern(/^\d\d:\d\d:\d\d(\.\d+)?$/)),
  expected: "hhmmss.ss",
  read: (text) => text.replace(/^(\d\d)(\d\d)(\d\d)/, "$1:$2:$3"),
  write: (time) => time.replaceAll(":", "")
})

/** ddmmyy, as "23/03/94": the sentence does not say which century. */
const Day = nullable({
  schema: Schema.String.check(Schema.isPattern(/^\d\d\/\d\d\/\d\d$/)),
  expected: "ddmmyy",
  read: (text) => text.replace(/^(\d\d)(\d\d)(\d\d)$/, "$1/$2/$3"),
  write: (day) => day.replaceAll("/", "")
})

/** dddmm.mmmm and a hemisphere, as degrees with seven decimals (1 cm): north and east are positive. */
const angle = (digits: number, limit: number, positive: string, negative: string) =>
  nullable(
    {
      schema: Schema.Finite.check(Schema.isBetween({ minimum: -limit, maximum: limit })),
      expected: `${"d".repeat(digits)}mm.mmmm,${positive} or ${negative}`,
      read: (text) => {
        const match = new RegExp(`^(\\d{${digits}})(\\d\\d(?:\\.\\d+)?),([${positive}${negative}])$`).exec(
          text
        )
        if (match === null) return undefined
        const degrees = Math.round((Number(match[1]) + Number(match[2]) / 60) * 1e7) / 1e7
        return match[3] === positive ? degrees : 0 - degrees
      },
      write: (value) => {
        const minutes = Math.round(Math.abs(value) * 60 * 1e6)
        const [whole, rest] = [Math.floor(minutes / 60e6), minutes % 60e6]
        const text = `${String(whole).padStart(digits, "0")}${(rest / 1e6).toFixed(6).padStart(9, "0")}`
        return `${text},${value < 0 ? negative : positive}`
      }
    },
    [","]
  )

const position = { latitude: angle(2, 90, "N", "S"), longitude: angle(3, 180, "E", "W") }

/** A number and its unit, which is always metres. */
const Metres = nullable(
  {
    schema: Schema.Finite,
    expected: "a number of metres",
    read: (text) => (/^-?\d+(\.\d+)?,M$/.test(text) ? Number(text.slice(0, -2)) : undefined),
    write: (value) => (decimal.test(String(value)) ? `${value},M` : undefined)
  },
  [",", ",M"]
)

/** A field that takes two places: "003.1,W". */
const Pair = Schema.String.check(Schema.isPattern(/^[^,*$!\r\n]*,[^,*$!\r\n]*$/))

// Sentences

/** Position fix: $--GGA,hhmmss.ss,ddmm.mm,a,dddmm.mm,a,x,xx,x.x,x.x,M,x.x,M,x.x,xxxx*hh */
const Fix = Message.make("GGA", {
  talker: Talker,
  time: Time,
  ...position,
  quality: Syntax.Unsigned,
  satellites: Decimal,
  dilution: Decimal,
  altitude: Metres,
  geoid: Metres,
  age: Decimal,
  station: Text
})

/** Minimum data: $--RMC,hhmmss.ss,A,ddmm.mm,a,dddmm.mm,a,x.x,x.x,ddmmyy,x.x,a[,m[,s]]*hh */
const Minimum = Message.make("RMC", {
  talker: Talker,
  time: Time,
  status: Schema.Literals(["A", "V"]),
  ...position,
  knots: Decimal,
  course: Decimal,
  day: Day,
  variation: Pair,
  mode: Schema.optionalKey(Text),
  navigation: Schema.optionalKey(Text)
})

/** Any other sentence, with its start mark and address as they are: "$GPGSV", "!AIVDM". */
const Other = Message.make("other", { address: Address, fields: Schema.Array(Text) }, { keyword: "" })

/** The names of the fields behind the talker, by the tag of the sentence; these take two places of it. */
const layouts = new Map([Fix, Minimum].map((of) => [Message.tagOf(of), Message.fieldsOf(of).slice(1)]))
const takesTwo = new Set(["latitude", "longitude", "altitude", "geoid", "variation"])

/** All characters between the start mark and the asterisk, combined by exclusive or. */
const checksum = (text: string): string => {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum ^= text.charCodeAt(i)
  return sum.toString(16).toUpperCase().padStart(2, "0")
}

/** The words of "$GPGGA,..." are "GGA", which names the message, "GP" and the fields. */
const Request = Syntax.positional([Fix, Minimum, Other], {
  split: (frame) => {
    const [, mark, text = "", sum] = /^([$!])([^*]*)\*([0-9A-Fa-f]{2})$/.exec(frame) ?? []
    if (sum === undefined) return { _tag: "Unreadable", problem: "no checksum" }
    const expected = checksum(text)
    if (sum.toUpperCase() !== expected) {
      return { _tag: "Unreadable", problem: `the checksum is ${sum} instead of ${expected}` }
    }
    const [address = "", ...rest] = text.split(",")
    const tag = address.slice(2)
    const layout = mark === "$" && address[0] !== "P" ? layouts.get(tag) : undefined
    if (layout === undefined) return [`${mark}${address}`, ...rest]
    const fields = layout.flatMap(({ name }) =>
      rest.length === 0 ? [] : [rest.splice(0, takesTwo.has(name) ? 2 : 1).join(",")]
    )
    return [tag, address.slice(0, 2), ...fields, ...rest]
  },
  join: ([first = "", second = "", ...fields], tag) => {
    const words = tag === "other" ? [first, second, ...fields] : [`$${second}${first}`, ...fields]
    const line = words.join(",")
    return `${line}*${checksum(line.slice(1))}`
  }
})

export const Nmea = Protocol.make({
  name: "nmea",
  // "The maximum number of characters in a sentence is 82", with the CRLF.
  framing: Framing.lines({ maxLength: 80, write: "\r\n", start: ["$", "!"], encoding: "ascii" }),
  request: Request,
  onInvalid: []
})

// What is done with them

type Sentence = typeof Request.Type

const degrees = (value: number | null) => (value === null ? "?" : value.toFixed(7))

const describe = (sentence: Sentence): string => {
  if (sentence._tag === "other") return [sentence.address, ...sentence.fields].join(" ")
  const { latitude, longitude, time } = sentence
  const where = `${time ?? "?"} at ${degrees(latitude)} ${degrees(longitude)}`
  return sentence._tag === "GGA"
    ? `GGA ${where}, ${sentence.altitude ?? "?"} m high, ${sentence.satellites ?? "?"} satellites`
    : `RMC ${sentence.day ?? "?"} ${where}, ${sentence.knots ?? "?"} knots, course ${sentence.course ?? "?"}`
}

const explain = (problem: Protocol.InvalidRequest): string => {
  if (problem._tag === "InvalidFrame")
    return `${problem.length} bytes that are not a sentence (${problem.reason})`
  const { frame, reason } = problem
  const what =
    reason._tag === "Unreadable"
      ? reason.problem
      : reason._tag === "InvalidField"
        ? `${reason.field}: ${reason.problem}`
        : reason._tag
  return `${String(frame)}: ${what}`
}

const command = Command.define(Nmea)
const print = (sentence: Sentence) => Effect.as(Console.log(describe(sentence)), [])

/** Prints the sentences that arrive on the `SocketServer` in the context. */
export const layer = Server.layer(Nmea, {
  commands: { GGA: command("GGA", print), RMC: command("RMC", print), other: command("other", print) },
  onInvalid: (problem) => Effect.as(Console.error(`ignored ${explain(problem)}`), [])
})

if (import.meta.main) run("nmea", layer)
