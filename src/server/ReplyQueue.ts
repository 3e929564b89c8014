/**
 * The replies of a connection in the order of its requests, while some of them are still to come.
 *
 * Invariant: `text` is what may be written at once, and the first of `places`, if any, is not finished. Unsolicited messages
 * go straight to `text`, unless a frame is being sent in pieces: then they follow its end.
 */
import type { Wait } from "./Wait.ts"

/** The place of one reply. It is empty until the reply is finished. */
export class Place {
  text: string | undefined = undefined
  /** What produces the reply when all before it are written, and finishes it. */
  production: Wait | undefined = undefined
  /** Whether the connection closes behind it. */
  closes = false
  /** Runs once, when the reply is finished or never will be. */
  onEnd: (() => void) | undefined = undefined

  end(): void {
    const { onEnd } = this
    this.onEnd = undefined
    onEnd?.()
  }
}

export class ReplyQueue {
  /** What is finished and not written yet. */
  text = ""
  private places: Array<Place> = []
  /** Unsolicited messages that came inside a frame; `undefined` outside of one. */
  private behindFrame: string | undefined = undefined

  /** How many replies are not finished, or follow one that is not. */
  get size(): number {
    return this.places.length
  }

  /** What has to be produced next, where it is its turn. */
  get production(): Wait | undefined {
    return this.places[0]?.production
  }

  /** Whether a frame is being sent in pieces. */
  get insideFrame(): boolean {
    return this.behindFrame !== undefined
  }

  /** A finished reply behind all others. */
  push(text: string): void {
    if (this.places.length === 0) this.text += text
    else this.reserve().text = text
  }

  /** A place for a reply that is still to come, behind all others. */
  reserve(): Place {
    const place = new Place()
    this.places.push(place)
    return place
  }

  /** How many characters wait to be written, those of unsolicited messages behind a frame included. */
  get length(): number {
    return this.text.length + (this.behindFrame?.length ?? 0)
  }

  /** Finishes a reply: in its place, or at once where the client knows by an id what it answers. */
  finish(place: Place, text: string, atOnce: boolean): void {
    if (atOnce) this.pushUnsolicited(text)
    place.text = atOnce ? "" : text
  }

  /** A message that has no place among the replies: it goes out as soon as no frame is cut in two. */
  pushUnsolicited(text: string): void {
    if (this.behindFrame === undefined) this.text += text
    else this.behindFrame += text
  }

  /** Moves the finished replies at the front to `text`; true where one of them closes the connection. */
  release(): boolean {
    let count = 0
    for (const place of this.places) {
      if (place.text === undefined) break
      count++
      this.text += place.text
      if (place.closes) {
        this.abandon()
        this.places = []
        return true
      }
    }
    if (count > 0) this.places.splice(0, count)
    return false
  }

  /** The connection is over: what is not finished never will be. */
  abandon(): void {
    for (const place of this.places) place.end()
  }

  /** A piece of a reply that is being produced. */
  append(text: string): void {
    this.text += text
  }

  /** The next piece belongs to a frame that has begun. */
  beginFrame(): void {
    this.behindFrame ??= ""
  }

  /** The frame is complete. */
  endFrame(): void {
    this.text += this.behindFrame ?? ""
    this.behindFrame = undefined
  }

  /** Takes what may be written. */
  take(): string {
    const { text } = this
    this.text = ""
    return text
  }
}
