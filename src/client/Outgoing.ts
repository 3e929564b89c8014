/**
 * What a client sends, in the order of its requests. One fiber writes, so that giving up a request neither skips its bytes
 * nor cuts them in two, and requests that wait for the socket go out in one write.
 */
import { Effect, Latch, Stream } from "effect"
import type * as Socket from "effect/socket/Socket"
import { type Charset, toBytes } from "../framing/encoding.ts"
import type { Frame, Framing } from "../framing/frame.ts"

/** Text to be written, or a frame whose content is produced while it is written. */
type Content =
  | { readonly text: string; readonly charset: Charset }
  | { readonly framing: Framing<Frame>; readonly head: Frame; readonly body: Stream.Stream<Frame> }

type Entry = Content & { readonly onWritten: (() => void) | undefined }

export class Outgoing {
  private entries: Array<Entry> = []
  private readonly filled = Latch.makeUnsafe(false)
  private readonly writer: Socket.Writer

  constructor(writer: Socket.Writer) {
    this.writer = writer
  }

  /** Adds a request; `onWritten` runs when the socket has taken it. */
  push(content: Content, onWritten: (() => void) | undefined): void {
    this.entries.push({ ...content, onWritten })
    this.filled.openUnsafe()
  }

  /** Writes what there is, until the connection is gone. */
  readonly run: Effect.Effect<never, Socket.SocketError> = Effect.forever(
    Effect.andThen(
      this.filled.await,
      Effect.suspend(() => {
        const { entries } = this
        this.entries = []
        this.filled.closeUnsafe()
        return this.writeAll(entries)
      })
    )
  )

  private writeAll(entries: ReadonlyArray<Entry>): Effect.Effect<void, Socket.SocketError> {
    return Effect.forEach(
      groups(entries),
      ({ content, entries }) =>
        Effect.andThen(
          this.write(content),
          Effect.sync(() => entries.forEach(({ onWritten }) => onWritten?.()))
        ),
      { discard: true }
    )
  }

  private write(content: Content): Effect.Effect<void, Socket.SocketError> {
    if ("text" in content) return this.writer.write(bytesOf(content.text, content.charset))
    const { body, framing, head } = content
    const pieces = framing.pieces()
    const write = (text: string) =>
      text === "" ? Effect.void : this.writer.write(bytesOf(text, framing.charset))
    return Effect.suspend(() => write(pieces.push(head))).pipe(
      Effect.andThen(Stream.runForEach(body, (piece) => write(pieces.push(piece)))),
      Effect.andThen(Effect.suspend(() => write(pieces.end())))
    )
  }
}

/** Entries that are written at once. */
interface Group {
  content: Content
  readonly entries: Array<Entry>
}

/** Neighbouring texts of one charset together. */
const groups = (entries: ReadonlyArray<Entry>): ReadonlyArray<Group> => {
  const result: Array<Group> = []
  for (const entry of entries) {
    const last = result.at(-1)
    const content = last === undefined ? undefined : joined(last.content, entry)
    if (last === undefined || content === undefined) result.push({ content: entry, entries: [entry] })
    else {
      last.content = content
      last.entries.push(entry)
    }
  }
  return result
}

const joined = (one: Content, other: Content): Content | undefined =>
  "text" in one && "text" in other && one.charset === other.charset
    ? { text: one.text + other.text, charset: one.charset }
    : undefined

const bytesOf = (text: string, charset: Charset): string | Uint8Array =>
  charset === "latin1" ? toBytes(text, charset) : text
