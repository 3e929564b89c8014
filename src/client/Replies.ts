/**
 * Matches the frames that a server sends to the requests of a client: a pure state machine that knows no socket. A frame that
 * answers nothing is an error, never the answer to another request.
 */
import type * as Protocol from "../Protocol.ts"
import { type CloseReason, UnexpectedReply } from "./errors.ts"

/** Takes the frames of one reply. */
export interface Receiver<in Reply> {
  readonly frame: (reply: Reply) => void
  /** The reply is complete. */
  readonly end: () => void
  /** It will never be. */
  readonly fail: (reason: CloseReason) => void
}

/** A request whose reply is not complete. */
interface Pending<Request, Reply> {
  /** `undefined` for the greeting, which no request asks for. */
  readonly request: Request | undefined
  readonly receiver: Receiver<Reply>
  /** How many frames of the reply have come. */
  frames: number
}

/** The rules of a protocol that say what a frame answers. */
type Rules<Request extends Protocol.Tagged, Reply extends Protocol.Tagged> = Pick<
  Protocol.Protocol<string, Request, Reply>,
  "correlation" | "isLast" | "isUnsolicited" | "memory" | "replyEnd"
>

/** What a frame is, where it is no part of a reply. */
export type Outcome<Reply> =
  | { readonly _tag: "Taken" }
  | { readonly _tag: "Push"; readonly message: Reply }
  | { readonly _tag: "Unexpected"; readonly error: UnexpectedReply }

const taken = { _tag: "Taken" } as const

export class Replies<Request extends Protocol.Tagged, Reply extends Protocol.Tagged> {
  /** The requests that are answered in order, from `first` on. */
  private ordered: Array<Pending<Request, Reply> | undefined> = []
  private first = 0
  /** The requests that carry an id. */
  private readonly correlated = new Map<string | number, Pending<Request, Reply>>()
  /** Those of the requests without a reply that are not written yet. */
  private readonly unwritten = new Set<Receiver<Reply>>()
  private readonly protocol: Rules<Request, Reply>
  private memory: unknown

  constructor(protocol: Rules<Request, Reply>) {
    this.protocol = protocol
    this.memory = protocol.memory?.initial
  }

  /** Whether every request is written and has its reply. */
  get isIdle(): boolean {
    return this.first === this.ordered.length && this.correlated.size === 0 && this.unwritten.size === 0
  }

  /** Expects the greeting before anything else. */
  expectGreeting(receiver: Receiver<Reply>): void {
    this.ordered.push({ request: undefined, receiver, frames: 0 })
  }

  /**
   * Expects the reply to a request, in the order in which requests are sent. Where there is none, the receiver ends when the
   * function that this returns is called: when the request is written.
   */
  expect(request: Request, receiver: Receiver<Reply>): (() => void) | undefined {
    if (this.protocol.replyEnd(request) === "nothing") {
      this.unwritten.add(receiver)
      return () => {
        if (this.unwritten.delete(receiver)) receiver.end()
      }
    }
    const pending = { request, receiver, frames: 0 }
    const id = this.protocol.correlation?.request(request)
    if (id === undefined) this.ordered.push(pending)
    else if (this.correlated.has(id)) throw new DuplicateId(id)
    else this.correlated.set(id, pending)
    return undefined
  }

  /** Takes a frame. */
  receive(reply: Reply): Outcome<Reply> {
    const { protocol } = this
    const oldest = this.ordered[this.first]
    // Nothing comes before the greeting, so a message of its kind is unsolicited only later.
    const isGreeting = oldest !== undefined && oldest.request === undefined
    const isPush = !isGreeting && protocol.isUnsolicited(reply, oldest?.request, this.memory)
    if (protocol.memory !== undefined) this.memory = protocol.memory.next(this.memory, reply)
    if (isPush) return { _tag: "Push", message: reply }
    const id = protocol.correlation?.reply(reply)
    const pending = id === undefined ? oldest : this.correlated.get(id)
    if (pending === undefined) {
      return { _tag: "Unexpected", error: new UnexpectedReply({ reply: reply._tag }) }
    }
    const { receiver, request } = pending
    const untilClose = request !== undefined && protocol.replyEnd(request) === "close"
    const isLast = !untilClose && protocol.isLast(reply, request, pending.frames++)
    receiver.frame(reply)
    if (isLast) {
      if (id === undefined) this.shift()
      else this.correlated.delete(id)
      receiver.end()
    }
    return taken
  }

  /** The connection is over. Where the server has closed it, a reply that ends with it is complete; nothing else is. */
  close(reason: CloseReason, byServer: boolean): void {
    const [oldest, ...others] = [...this.ordered.slice(this.first), ...this.correlated.values()]
    const unwritten = [...this.unwritten]
    this.ordered = []
    this.first = 0
    this.correlated.clear()
    this.unwritten.clear()
    if (oldest !== undefined) {
      const { receiver, request } = oldest
      const isComplete = byServer && request !== undefined && this.protocol.replyEnd(request) === "close"
      if (isComplete) receiver.end()
      else receiver.fail(reason)
    }
    for (const pending of others) pending?.receiver.fail(reason)
    for (const receiver of unwritten) receiver.fail(reason)
  }

  /** Forgets the oldest request. */
  private shift(): void {
    this.ordered[this.first++] = undefined
    // Half of them at least, so that a request is moved once on average.
    if (this.first * 2 < this.ordered.length) return
    this.ordered = this.ordered.slice(this.first)
    this.first = 0
  }
}

/** A request carries the id of another that is not answered. */
export class DuplicateId extends Error {
  constructor(id: string | number) {
    super(`another request with the id ${id} is not answered yet`)
  }
}
