/**
 * The messages of Exon, both ways, as codecs: what `wireline/exon` exports.
 *
 * A request is a verb and quoted pairs; a reply is one JSON document a line, compact, its keys `status`, `message`,
 * `data` (specification, "Receiving messages"; `search` and `list` are from the notes on it).
 *
 * Pure: imports only `effect`.
 */
import { Schema } from "effect"
import * as Framing from "../../Framing.ts"
import * as Message from "../../Message.ts"
import * as Wireline from "../../Protocol.ts"
import * as Syntax from "../../Syntax.ts"

/** What is said about an item at one time: 64 KiB at most. */
export const Comments = Syntax.Quotable.check(
  Schema.makeFilter((text) => utf8.encode(text).length <= 65_536, { expected: "at most 64 KiB of comments" })
)

const utf8 = new TextEncoder()

/**
 * The digits of a number that is larger than JavaScript and JSON count exactly: 2^53 and above, without zeros in front.
 * No item ever has it, but it is a number, and is answered with as it was given.
 */
const Digits = Schema.String.check(
  Schema.makeFilter((text) => isLarge(text), {
    expected: "the digits of a number of 2^53 or more",
    arbitraryConstraint: { patterns: [{ source: "^[1-9][0-9]{16,40}$", flags: "" }] }
  })
)

const isLarge = (text: string): boolean =>
  text.length >= 16 && /^[1-9]\d*$/.test(text) && (text.length > 16 || Number(text) > Number.MAX_SAFE_INTEGER)

/** A natural number greater than 0, in decimal digits. */
export const Natural = Syntax.field({
  schema: Schema.Union([
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
    Digits
  ]),
  expected: "a number greater than 0",
  read: (text) => {
    const digits = /^0*([1-9]\d*)$/.exec(text)?.[1]
    return digits === undefined || isLarge(digits) ? digits : Number(digits)
  },
  write: String
})

/** A number as a reply has it: in digits also where `JSON.parse` would round it. */
const ExactNumber = Syntax.field({
  schema: Schema.Union([Schema.Int, Digits]),
  encoded: Schema.Union([Schema.Int, Syntax.RawNumber]),
  expected: "a number",
  read: (data) => (typeof data === "number" ? data : data.rawJSON),
  write: (data) => (typeof data === "number" ? data : Syntax.rawNumber(data))
})

// id <ID>
export const Id = Message.make("id", { id: Natural })

// add name="NAME"::comments="COMMENTS"
export const Add = Message.make("add", {
  name: Syntax.Quotable,
  comments: Schema.optionalKey(Comments)
})

// comment id="ID"::comments="COMMENTS"
export const Comment = Message.make("comment", { id: Natural, comments: Comments })

// auth username="USER"::passwd="PASSWORD"
export const Auth = Message.make("auth", {
  username: Syntax.Quotable,
  passwd: Schema.RedactedFromValue(Syntax.Quotable)
})

// del <ID>
export const Del = Message.make("del", { id: Natural })

// search text="TEXT"
export const Search = Message.make("search", { text: Syntax.Quotable })

// list, list page="PAGE"
export const List = Message.make("list", { page: Schema.optionalKey(Natural) })

// quit
export const Quit = Message.make("quit", {})

const requests = [Id, Add, Comment, Auth, Del, Search, List, Quit] as const

export type Request = (typeof requests)[number]["Type"]
export const Request: Syntax.Codec<Request> = Syntax.pairs(requests, {
  bare: ["id", "del"]
})

/** An item as a reply shows it; the date as `date "+%G-%m-%d %H:%M:%S"` prints it. */
export const Item = Schema.Struct({
  name: Schema.String,
  id: Schema.Int,
  date: Schema.String,
  comments: Schema.String,
  author: Schema.String
})
export type Item = typeof Item.Type

/** A reply: named by its tag in the program, and by its message on the wire, where it has no tag. */
const reply = <
  const Tag extends string,
  const Status extends "success" | "error",
  const Text extends string,
  Data extends Schema.Codec<unknown, Schema.Json>
>(
  tag: Tag,
  status: Status,
  message: Text,
  data: Data
) =>
  Schema.Struct({
    _tag: Schema.tagDefaultOmit(tag),
    status: Schema.tag(status),
    message: Schema.tag(message),
    data
  })

// "Item is available."
export const Available = reply("Available", "success", "Item is available.", Item)

// "New item registered"
export const Registered = reply("Registered", "success", "New item registered", Schema.Int)

// "Item successfully deleted"
export const Deleted = reply("Deleted", "success", "Item successfully deleted", Schema.Int)

// "New comment added."
export const Commented = reply("Commented", "success", "New comment added.", Schema.Int)

// "Successful authentication"
export const Authenticated = reply("Authenticated", "success", "Successful authentication", Schema.String)

// The items that `search` found, or a page of `list`; not in the specification.
export const Found = reply("Found", "success", "Items found", Schema.Array(Item))

// "Item not found."
export const NotFound = reply("NotFound", "error", "Item not found.", Schema.Literal(""))

// "Item already exists"
export const Exists = reply("Exists", "error", "Item already exists", Schema.String)

// "Could not add new comment."
export const NotCommented = reply("NotCommented", "error", "Could not add new comment.", ExactNumber)

// "Authentication failed"
export const NotAuthenticated = reply("NotAuthenticated", "error", "Authentication failed", Schema.String)

// "Unauthorized action - User not logged in"
export const NotLoggedIn = reply(
  "NotLoggedIn",
  "error",
  "Unauthorized action - User not logged in",
  Schema.String
)

// "Non-existing item"
export const NotDeleted = reply("NotDeleted", "error", "Non-existing item", Schema.String)

// "Protocol error, please refer to the documentation"
export const ProtocolError = reply(
  "ProtocolError",
  "error",
  "Protocol error, please refer to the documentation",
  Schema.Null
)

// A request that could not be carried out through no fault of its own; not in the specification.
export const Failed = reply("Failed", "error", "Internal error", Schema.Null)

const replies = [
  Available,
  Registered,
  Deleted,
  Commented,
  Authenticated,
  Found,
  NotFound,
  Exists,
  NotCommented,
  NotAuthenticated,
  NotLoggedIn,
  NotDeleted,
  ProtocolError,
  Failed
] as const

export type Reply = (typeof replies)[number]["Type"]

export const Reply: Syntax.Codec<Reply> = Syntax.json(replies, { exactIntegers: true })

/** The longest request in bytes, its LF not counted: 64 KiB of comments, and room for what stands around them. */
export const maxLength = 66_560

/** Exon, as this server speaks it. A line outside the grammar is a protocol error; only one over the limit closes. */
export const Exon: Wireline.Protocol<"exon", Request, Reply> = Wireline.make({
  name: "exon",
  framing: Framing.lines({ maxLength }),
  request: Request,
  reply: Reply,
  isError: ({ status }) => status === "error",
  onInvalid: (problem) => Wireline.closingIfTooLong(problem, ProtocolError.make({ data: null })),
  onDefect: Failed.make({ data: null })
})
