/**
 * The messages of sec-lsm-manager, version 1, both ways, as codecs: what `wireline/sec-lsm-manager` exports.
 *
 * Each message stands under its line of the specification. A field of a request takes any text: that an id or a type
 * is not valid is for the command to answer (`error invalid`), and no error of the protocol.
 *
 * Pure: imports only `effect`.
 */
import { Schema } from "effect"
import * as Framing from "../../Framing.ts"
import * as Message from "../../Message.ts"
import * as Wireline from "../../Protocol.ts"
import * as Syntax from "../../Syntax.ts"
import { PathType } from "./Application.ts"

export { ApplicationId, PathType } from "./Application.ts"

// c->s sec-lsm-manager VERSION...
export const Hello = Message.make(
  "hello",
  { versions: Schema.NonEmptyArray(Syntax.Word) },
  { keyword: "sec-lsm-manager" }
)

// c->s clear
export const Clear = Message.make("clear", {})

// c->s id ID
export const Id = Message.make("id", { id: Syntax.Word })

// c->s path PATH PATH-TYPE
export const Path = Message.make("path", { path: Syntax.Word, type: Syntax.Word })

// c->s permission PERMISSION
export const Permission = Message.make("permission", { permission: Syntax.Word })

// c->s plug EXPDIR IMPID IMPDIR
export const Plug = Message.make("plug", { expdir: Syntax.Word, impid: Syntax.Word, impdir: Syntax.Word })

// c->s install
export const Install = Message.make("install", {})

// c->s uninstall
export const Uninstall = Message.make("uninstall", {})

// c->s display
export const Display = Message.make("display", {})

// c->s log [on|off]
export const Log = Message.make("log", { state: Schema.optionalKey(Schema.Literals(["on", "off"])) })

const requests = [Hello, Clear, Id, Path, Permission, Plug, Install, Uninstall, Display, Log] as const

export type Request = (typeof requests)[number]["Type"]
export const Request: Syntax.Codec<Request> = Syntax.words(requests)

// s->c string error on
export const ErrorOn = Message.make("ErrorOn", {}, { keyword: "string error on" })

// s->c string id ID
export const StringId = Message.make("StringId", { id: Syntax.Word }, { keyword: "string id" })

// s->c string path PATH PATH-TYPE
export const StringPath = Message.make(
  "StringPath",
  { path: Syntax.Word, type: PathType },
  { keyword: "string path" }
)

// s->c string permission PERMISSION
export const StringPermission = Message.make(
  "StringPermission",
  { permission: Syntax.Word },
  { keyword: "string permission" }
)

// s->c string plug EXPDIR IMPID IMPDIR
export const StringPlug = Message.make(
  "StringPlug",
  { expdir: Syntax.Word, impid: Syntax.Word, impdir: Syntax.Word },
  { keyword: "string plug" }
)

// DONE-LINE ::= done [ ARGS ]...
export const Done = Message.make("done", { args: Schema.Array(Syntax.Word) })

/** What an error reply may say (notes on the specification). */
export const Reason = Schema.Literals([
  "already-set",
  "forbidden",
  "internal",
  "invalid",
  "no-access",
  "not-dir",
  "not-found",
  "not-recoverable",
  "protocol"
])
export type Reason = typeof Reason.Type

// ERROR-LINE ::= error [ ARGS ]...
export const Error = Message.make("error", { reason: Reason })

const replies = [ErrorOn, StringId, StringPath, StringPermission, StringPlug, Done, Error] as const

export type Reply = (typeof replies)[number]["Type"]
export const Reply: Syntax.Codec<Reply> = Syntax.words(replies)

/** The longest request in bytes, its LF not counted. */
export const maxLength = 8192

/**
 * sec-lsm-manager, as this server speaks it. A frame that is no request is answered `error protocol`, and the
 * connection closes.
 */
export const SecLsmManager: Wireline.Protocol<"sec-lsm-manager", Request, Reply> = Wireline.make({
  name: "sec-lsm-manager",
  framing: Framing.lines({ maxLength, escape: "\\", carriageReturn: "keep" }),
  request: Request,
  reply: Reply,
  isLast: ({ _tag }) => _tag === "done" || _tag === "error",
  isError: ({ _tag }) => _tag === "error",
  onInvalid: Wireline.closing({ _tag: "error", reason: "protocol" }),
  onDefect: { _tag: "error", reason: "internal" }
})
