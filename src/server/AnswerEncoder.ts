/**
 * Turns the answers of one connection into text: encodes them, counts their outcomes, logs what died, and shows the frames
 * to an observer.
 */
import { Cause, Context, Effect, Exit, References } from "effect"
import * as Command from "../command/definition.ts"
import { fromLatin1 } from "../framing/encoding.ts"
import * as Protocol from "../Protocol.ts"
import type { LoadedCommand } from "./CommandCache.ts"
import { type RequestCount, RequestId } from "./RequestId.ts"
import type { CommandMetrics } from "./ServerMetrics.ts"
import type { ServerRuntime } from "./ServerRuntime.ts"
import * as State from "./state.ts"

type Answer = Protocol.Answer<Protocol.Tagged>

/** What is answered. */
export interface Origin {
  /** The tag of the request; `undefined` where there is none. */
  readonly tag: string | undefined
  readonly metrics: CommandMetrics | undefined
  readonly command: LoadedCommand | undefined
  /** The number of the request. */
  readonly frame: number
  /** Whether the protocol answers this request with nothing, or with messages that may be unsolicited. */
  readonly isSilent: boolean
  /** Whether the client finds the request by an id, so that the reply need not wait for those before it. */
  readonly isCorrelated: boolean
}

export class AnswerEncoder<in out R> {
  /** What the connection provides to handlers. */
  context: Context.Context<R>
  private readonly server: ServerRuntime<R>
  private readonly request: RequestCount

  constructor(server: ServerRuntime<R>, context: Context.Context<R>, request: RequestCount) {
    this.server = server
    this.context = context
    this.request = request
  }

  /** Adds the session to the context. `Context.merge` would copy the services of the server for every connection. */
  provide(session: Context.Context<R>): void {
    for (const [key, service] of session.mapUnsafe) {
      this.context = Context.addUnsafe(this.context, key, service)
    }
  }

  /** What is answered in this state. */
  origin(state: State.ConnectionState, request?: Protocol.Tagged, command?: LoadedCommand): Origin {
    const { isSilent, metrics } = this.server
    return {
      tag: request?._tag,
      metrics: request === undefined ? undefined : metrics.of(request._tag),
      command,
      frame: state.frames,
      isSilent: request !== undefined && isSilent !== undefined && isSilent(request),
      isCorrelated:
        request !== undefined &&
        command?.isConcurrent === true &&
        this.server.protocol.correlation?.request(request) !== undefined
    }
  }

  /** What becomes of an answer, or of the death of what was to make it. */
  encode(
    exit: Exit.Exit<Answer | Command.Production<Protocol.Tagged, R> | void>,
    origin: Origin,
    state: State.ConnectionState
  ): State.Output {
    const { protocol } = this.server
    let failure = exit
    if (Exit.isSuccess(exit)) {
      try {
        const output = this.encodePart(answerIn(exit.value), origin, state)
        if (origin.metrics !== undefined) origin.metrics.outcomes[output.isError ? "error" : "ok"]++
        return output
      } catch (defect) {
        failure = Exit.die(defect)
      }
    }
    if (Exit.isFailure(failure)) this.died(failure.cause, origin)
    try {
      return this.encodePart(protocol.onDefect, origin, state)
    } catch {
      // When even the protocol's own constant cannot be said, nothing can.
      return { state: State.closing(state), text: "", frames: [], isError: true }
    }
  }

  /** The same for an answer that may be one of several to a request. Throws where the protocol cannot say it. */
  encodePart(answer: Answer, origin: Origin, state: State.ConnectionState): State.Output {
    const output = State.reply(this.server.protocol, state, origin.isSilent ? this.unasked(answer) : answer)
    for (const frame of output.frames) this.observe("sent", frame)
    return output
  }

  /** What of an answer a client takes that expects none: the messages that may be unsolicited. */
  private unasked(answer: Answer): Answer {
    const { unsolicited } = this.server.protocol
    const replies = State.repliesOf(answer).filter(({ _tag }) => unsolicited.has(_tag))
    return answer instanceof Protocol.Closing ? Protocol.closing(...replies) : replies
  }

  /** An unsolicited message. Throws where it is none that the protocol can say. */
  unsolicited(message: Protocol.Tagged): string {
    const { protocol } = this.server
    const frame: Protocol.Frame = protocol.encodeReply(message)
    this.observe("sent", frame)
    return protocol.replyFraming.encode(frame)
  }

  died(cause: Cause.Cause<unknown>, origin: Origin): void {
    if (Cause.hasInterruptsOnly(cause)) return
    if (origin.metrics !== undefined) origin.metrics.outcomes.died++
    const { request, ...annotations } = Context.get(this.context, References.CurrentLogAnnotations)
    const message =
      origin.tag !== undefined
        ? "a command died"
        : origin.frame === 0
          ? "the greeting failed"
          : "the answer to an invalid request failed"
    const about = {
      ...(origin.tag === undefined ? {} : { command: origin.tag }),
      ...annotations,
      request: origin.command?.isConcurrent === true ? this.request.at(origin.frame) : request
    }
    Effect.runForkWith(Context.add(this.context, References.CurrentLogAnnotations, about))(
      Effect.logError(message, cause)
    )
  }

  observe(direction: "received" | "sent", frame: Protocol.Frame): void {
    const observer = this.server.observer()
    if (observer === undefined) return
    Effect.runForkWith(this.context)(
      observer(direction, typeof frame === "string" ? frame : fromLatin1(frame))
    )
  }

  /** The context of what answers this. What later requests log must not change the number that it logs. */
  contextOf({ command, frame }: Origin): Context.Context<R> {
    if (command?.isConcurrent !== true) return this.context
    const request = this.request.at(frame)
    const annotations = { ...Context.get(this.context, References.CurrentLogAnnotations), request }
    return this.context.pipe(
      Context.add(RequestId, request),
      Context.add(References.CurrentLogAnnotations, annotations)
    )
  }
}

/** The answer, where it is none that is produced bit by bit. */
const answerIn = <R>(value: Answer | Command.Production<Protocol.Tagged, R> | void): Answer =>
  value === undefined || Command.isStream(value) ? [] : value
