/**
 * What a load client says and what it must hear: the mix of a protocol, sent round and round on every connection.
 * Each protocol's benchmark exports one as `conversation`; `load.ts` and `idle.ts` take it from there.
 */
import { Buffer } from "node:buffer"

export interface Exchange {
  readonly request: string
  readonly reply: string
}

export interface Conversation {
  /** Said once on a connection of its own, to bring the server into the state that the replies of the mix expect. */
  readonly prelude: ReadonlyArray<Exchange>
  /** Said first on every connection of the load. */
  readonly opening: ReadonlyArray<Exchange>
  /** One turn of the mix. It must leave a connection in a state in which it can be said again. */
  readonly mix: ReadonlyArray<Exchange>
  /** The first byte of lines after which the reply goes on; every other line ends a reply. */
  readonly continues: number | undefined
  /** Whether replies tell the time, so that any digit may stand in the place of a digit. */
  readonly tellsTime?: boolean
}

/** The mix turned into bytes, once, so that the load client only cuts slices. */
export interface Script {
  readonly length: number
  /** The bytes of `count` requests, beginning at the given place in the mix. */
  readonly requests: (place: number, count: number) => Buffer
  /** How many bytes `count` replies have, beginning with the first of the mix. */
  readonly replyBytes: (count: number) => number
  /** Whether `bytes` are what a server sends from byte `at` of its first turn on. */
  readonly expects: (bytes: Buffer, at: number) => boolean
}

/** `mostAtOnce` is the largest number of requests in one slice, `longestRead` the largest number of bytes in one read. */
export const encode = (
  { mix, tellsTime = false }: Conversation,
  mostAtOnce: number,
  longestRead: number
): Script => {
  const toCompare = (bytes: Buffer): Buffer =>
    tellsTime ? Buffer.from(bytes.map((byte) => (isDigit(byte) ? zero : byte))) : bytes
  const turn = toCompare(Buffer.from(mix.map((each) => each.reply).join("")))
  const replies = Buffer.concat(Array.from({ length: Math.ceil(longestRead / turn.length) + 1 }, () => turn))
  const slices = mix.map((_, place) =>
    Array.from({ length: mostAtOnce + 1 }, (_, count) =>
      Buffer.from(Array.from({ length: count }, (_, at) => mix[(place + at) % mix.length]!.request).join(""))
    )
  )
  const bytesBefore = mix.map((_, place) =>
    Buffer.byteLength(
      mix
        .slice(0, place)
        .map((each) => each.reply)
        .join("")
    )
  )
  return {
    length: mix.length,
    requests: (place, count) => slices[place]![count]!,
    replyBytes: (count) => Math.floor(count / mix.length) * turn.length + bytesBefore[count % mix.length]!,
    expects: (bytes, at) => {
      const from = at % turn.length
      return replies.compare(toCompare(bytes), 0, bytes.length, from, from + bytes.length) === 0
    }
  }
}

const zero = 0x30

const isDigit = (byte: number): boolean => byte >= zero && byte <= 0x39
