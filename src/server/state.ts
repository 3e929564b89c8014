/**
 * A connection as a pure state machine: `step` decides what happens to a frame, `reply` what an answer makes of the
 * connection. Neither knows a socket, a fiber or a handler; `loop.ts` performs what they decide.
 */
import * as Protocol from "../Protocol.ts"

/** What of a connection's past decides about its next frame. */
export interface ConnectionState {
  /**
   * - `open`: frames are answered;
   * - `ended`: the peer sends nothing more, and what it has sent is answered;
   * - `closing`: an answer closes the connection, and frames behind it are discarded.
   */
  readonly phase: "open" | "ended" | "closing"
  /** How frames are decoded. */
  readonly grammar: Protocol.AnyGrammar
  /** How many frames have been taken; the number of the request that is being answered. */
  readonly frames: number
}

/** What is to be done about a frame, and the state after it. */
export type Step =
  /** Call the handler of the request's tag. */
  | { readonly _tag: "Call"; readonly state: ConnectionState; readonly request: Protocol.Tagged }
  /** Answer what is no request. */
  | { readonly _tag: "Reject"; readonly state: ConnectionState; readonly problem: Protocol.InvalidRequest }
  /** Answer a frame that the codec could not cope with, as a handler that died is answered. */
  | { readonly _tag: "Fail"; readonly state: ConnectionState; readonly defect: unknown }
  /** Do nothing: the connection is closing. */
  | { readonly _tag: "Discard"; readonly state: ConnectionState }

/** The state of a connection that has just been accepted. */
export const initial = (grammar: Protocol.AnyGrammar): ConnectionState => ({
  phase: "open",
  grammar,
  frames: 0
})

/** Decides about the next frame. */
export const step = (state: ConnectionState, frame: Protocol.Frame | Protocol.InvalidFrame): Step => {
  const { grammar, phase } = state
  if (phase === "closing") return { _tag: "Discard", state }
  const after: ConnectionState = { phase, grammar, frames: state.frames + 1 }
  if (frame instanceof Protocol.InvalidFrame) return { _tag: "Reject", state: after, problem: frame }
  let request: Protocol.Tagged | Protocol.Malformed
  try {
    request = grammar.decode(frame)
  } catch (defect) {
    return { _tag: "Fail", state: after, defect }
  }
  return request instanceof Protocol.Malformed
    ? { _tag: "Reject", state: after, problem: request }
    : { _tag: "Call", state: after, request }
}

/** An answer as it goes out, and the state after it. */
export interface Output {
  readonly state: ConnectionState
  /** Its frames with their delimiters, as text in the charset of the protocol's replies. */
  readonly text: string
  /** The frames, for those who watch. */
  readonly frames: ReadonlyArray<Protocol.Frame>
  readonly isError: boolean
}

/** What an answer makes of the connection. Throws where it holds what is no reply of the protocol. */
export const reply = (
  protocol: Protocol.Any,
  state: ConnectionState,
  answer: Protocol.Answer<Protocol.Tagged>
): Output => {
  const frames: Array<Protocol.Frame> = []
  let text = ""
  let isError = false
  for (const one of repliesOf(answer)) {
    const frame: Protocol.Frame = protocol.encodeReply(one)
    frames.push(frame)
    text += protocol.replyFraming.encode(frame)
    isError ||= protocol.isError(one)
  }
  return { state: answer instanceof Protocol.Closing ? closing(state) : state, text, frames, isError }
}

/** The replies of an answer. */
export const repliesOf = (answer: Protocol.Answer<Protocol.Tagged>): ReadonlyArray<Protocol.Tagged> =>
  answer instanceof Protocol.Closing ? answer.replies : isList(answer) ? answer : [answer]

const isList = <A>(answer: A | ReadonlyArray<A>): answer is ReadonlyArray<A> => Array.isArray(answer)

/** The state in which the frames that follow are decoded in another grammar. */
export const inMode = (state: ConnectionState, grammar: Protocol.AnyGrammar): ConnectionState => ({
  ...state,
  grammar
})

/** The state in which nothing more is taken, because the server closes the connection. */
export const closing = (state: ConnectionState): ConnectionState => ({ ...state, phase: "closing" })

/** The state after the last byte of the peer. */
export const ended = (state: ConnectionState): ConnectionState =>
  state.phase === "open" ? { ...state, phase: "ended" } : state
