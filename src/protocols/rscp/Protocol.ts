/**
 * The messages of RSCP, the Really Smart Calculator Protocol, both ways, as codecs: what `wireline/rscp` exports. The
 * words are spelled as in the specification.
 *
 * Pure: imports only `effect`.
 */
import { Schema } from "effect"
import * as Framing from "../../Framing.ts"
import * as Message from "../../Message.ts"
import * as Wireline from "../../Protocol.ts"
import * as Syntax from "../../Syntax.ts"

/** A value: no colon, no LF, and no CR at its end, where a line would lose it. */
export const Value = Syntax.ColonFree.check(
  Schema.makeFilter((text: string) => !text.endsWith("\r"), { expected: "text that does not end in CR" })
)

// CONNECT REQUEST
export const Connect = Message.make("connect", {}, { keyword: "CONNECT REQUEST" })

// AUTHENTIFICATION LOGIN:USERNAME=username:PASSWORD=password
export const Login = Message.make(
  "login",
  { username: Value, password: Schema.RedactedFromValue(Value) },
  { keyword: "AUTHENTIFICATION LOGIN" }
)

// AUTHENTIFICATION CREATE:USERNAME=username:PASSWORD=password:EMAIL=user@name.tdl
export const Create = Message.make(
  "create",
  { username: Value, password: Schema.RedactedFromValue(Value), email: Value },
  { keyword: "AUTHENTIFICATION CREATE" }
)

// DISCONNECT
export const Disconnect = Message.make("disconnect", {}, { keyword: "DISCONNECT" })

// LIST FUNCTION
export const List = Message.make("list", {}, { keyword: "LIST FUNCTION" })

// FUNCTION:ID=id:PARAM1=data:PARAM2=data:PARAMX=data
export const Operation = Message.make(
  "function",
  { id: Value, param: Schema.Array(Value) },
  { keyword: "FUNCTION" }
)

const requests = [Connect, Login, Create, Disconnect, List, Operation] as const

export type Request = (typeof requests)[number]["Type"]
export const Request: Syntax.Codec<Request> = Syntax.colonPairs(requests)

// AUTHENTIFICATION SUCCESSFUL
export const Successful = Message.make("Successful", {}, { keyword: "AUTHENTIFICATION SUCCESSFUL" })

// AUTHENTIFICATION FAILED
export const Failed = Message.make("Failed", {}, { keyword: "AUTHENTIFICATION FAILED" })

// AUTHENTIFICATION REQUEST
export const Authentification = Message.make("Authentification", {}, { keyword: "AUTHENTIFICATION REQUEST" })

// AUTHENTIFICATION CREATE SUCCESS
export const Created = Message.make("Created", {}, { keyword: "AUTHENTIFICATION CREATE SUCCESS" })

// AUTHENTIFICATION CREATE FAILED
export const NotCreated = Message.make("NotCreated", {}, { keyword: "AUTHENTIFICATION CREATE FAILED" })

/** A whole number in decimal digits. */
const Whole = Schema.FiniteFromString.check(Schema.isInt())

// FUNCTION=name:ID=id:NBPARAM=number:FUNCTION=name:ID=id:NBPARAM=number
export const Functions = Message.make(
  "Functions",
  {
    functions: Schema.NonEmptyArray(
      Schema.Struct({
        /** With its parameters: `ADD(X, Y)`. */
        function: Value,
        id: Whole,
        /** How many parameters it takes; -1 for any number. */
        nbparam: Whole
      })
    )
  },
  { keyword: "" }
)

// FUNCTION RESPONSE:ID=id:ANSWER=answer
export const Response = Message.make(
  "Response",
  { id: Value, answer: Value },
  { keyword: "FUNCTION RESPONSE" }
)

// ERROR:REASON=reason, for a line outside the grammar (notes on the specification).
export const Failure = Message.make("Failure", { reason: Value }, { keyword: "ERROR" })

const replies = [
  Successful,
  Failed,
  Authentification,
  Created,
  NotCreated,
  Functions,
  Response,
  Failure
] as const

export type Reply = (typeof replies)[number]["Type"]
export const Reply: Syntax.Codec<Reply> = Syntax.colonPairs(replies)

/** The longest line in bytes, its LF not counted. */
export const maxLength = 8192

const errors: ReadonlySet<Reply["_tag"]> = new Set(["Failed", "NotCreated", "Failure"])

const malformed = Failure.make({ reason: "malformed message" })

/** RSCP, as this server speaks it. A line outside the grammar is an error; only one over the limit closes. */
export const Rscp: Wireline.Protocol<"rscp", Request, Reply> = Wireline.make({
  name: "rscp",
  framing: Framing.lines({ maxLength }),
  request: Request,
  reply: Reply,
  isError: (reply) =>
    reply._tag === "Response" ? reply.answer.startsWith("ERROR ") : errors.has(reply._tag),
  onInvalid: (problem) => Wireline.closingIfTooLong(problem, malformed),
  onDefect: Failure.make({ reason: "internal error" })
})
