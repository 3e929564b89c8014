import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import {
  type Reply,
  Reply as ReplyCodec,
  type Request,
  Request as RequestCodec,
  SecLsmManager
} from "../../../src/protocols/sec-lsm-manager/Protocol.ts"
import { Malformed } from "../../../src/Protocol.ts"

const requests = Schema.Array(Schema.toType(RequestCodec))
const replies = Schema.Array(Schema.toType(ReplyCodec))
const cuts = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 })))

/** The chunks of these bytes, as long as `sizes` say, the last one all that is left. */
const cut = (bytes: Uint8Array, sizes: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  let start = 0
  for (const size of sizes) {
    chunks.push(bytes.subarray(start, start + size))
    start += size
  }
  return [...chunks, bytes.subarray(start)]
}

/** What arrives of these frames when their bytes come in these pieces. */
const transmit = (frames: ReadonlyArray<string>, sizes: ReadonlyArray<number>): ReadonlyArray<string> => {
  const { framing } = SecLsmManager.grammar
  const bytes = new TextEncoder().encode(frames.map((frame) => framing.encode(frame)).join(""))
  const decoder = framing.withMaxLength(1_000_000).decoder()
  return cut(bytes, sizes).flatMap((chunk) =>
    decoder.push(chunk).map((frame) => {
      if (typeof frame !== "string") throw new Error(`a frame was ${frame.reason}`)
      return frame
    })
  )
}

/** The fields of a line, read by other means than the syntax: nothing when it holds a bare LF. */
const fieldsOf = (line: string): ReadonlyArray<string> | undefined => {
  if (!/^(?:\\[ \n\\]|\\(?![ \n\\])|[^\n\\])*$/.test(line)) return undefined
  const fields = [""]
  for (const [piece] of line.matchAll(/\\[ \n\\]|[^]/gu)) {
    if (piece === " ") fields.push("")
    else fields.push(fields.pop()! + (piece.length === 2 && /^\\[ \n\\]$/.test(piece) ? piece[1] : piece))
  }
  return fields
}

/** How many fields may follow each first field (specification, "Messages"). */
const counts: Record<string, readonly [least: number, most: number]> = {
  "sec-lsm-manager": [1, Number.POSITIVE_INFINITY],
  clear: [0, 0],
  id: [1, 1],
  path: [2, 2],
  permission: [1, 1],
  plug: [3, 3],
  install: [0, 0],
  uninstall: [0, 0],
  display: [0, 0],
  log: [0, 1]
}

const isRequest = (fields: ReadonlyArray<string>): boolean => {
  const [first, ...rest] = fields
  const [least, most] = Object.hasOwn(counts, first!) ? counts[first!]! : [1, 0]
  return (
    rest.length >= least &&
    rest.length <= most &&
    rest.every((field) => !field.includes("\0") && field.isWellFormed()) &&
    (first !== "log" || rest.every((field) => field === "on" || field === "off"))
  )
}

/** Lines from the pieces that lines are made of, so that many are nearly requests and many are. */
const almostLines = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(
      Schema.Literals([...Object.keys(counts), "", "constructor", "Clear", "\\clear", "done"])
    ),
    Arbitrary.array(
      Arbitrary.schema(
        Schema.Union([
          Schema.Literals([
            " ",
            " ",
            " ",
            " a",
            " b",
            " \\ ",
            "\\\n",
            "\\\\",
            "\\",
            "\n",
            "\r",
            "\0",
            "\ud800",
            " on"
          ]),
          Schema.String
        ])
      ),
      { maxLength: 8 }
    )
  ]),
  ([first, rest]) => first + rest.join("")
)

describe("The codec of sec-lsm-manager", () => {
  it.prop("brings every request through, cut anywhere", { requests, cuts }, ({ cuts, requests }) => {
    const frames = requests.map((request) => SecLsmManager.encodeRequest(request))
    assert.deepStrictEqual(
      transmit(frames, cuts).map((frame) => SecLsmManager.decodeRequest(frame)),
      [...requests]
    )
  })

  it.prop("brings every reply through, cut anywhere", { replies, cuts }, ({ cuts, replies }) => {
    const frames = replies.map((reply) => SecLsmManager.encodeReply(reply))
    assert.deepStrictEqual(
      transmit(frames, cuts).map((frame) => SecLsmManager.decodeReply(frame)),
      [...replies]
    )
  })

  it.prop("knows the last frame of a reply, and only that, by `done` or `error`", [replies], ([replies]) => {
    for (const reply of replies) {
      assert.strictEqual(
        SecLsmManager.isLast(reply, undefined, 0),
        /^(?:done|error)(?: |$)/.test(SecLsmManager.encodeReply(reply))
      )
    }
  })

  it.prop(
    "reads of any line a request with the same fields, or none where the grammar has none",
    [almostLines],
    ([line]) => {
      const fields = fieldsOf(line)
      const request = SecLsmManager.decodeRequest(line)
      assert.strictEqual(!(request instanceof Malformed), fields !== undefined && isRequest(fields))
      if (request instanceof Malformed) return
      const again = SecLsmManager.encodeRequest(request)
      assert.deepStrictEqual(fieldsOf(again), fields)
      assert.deepStrictEqual(SecLsmManager.decodeRequest(again), request)
    },
    { arbitrary: { runs: 2000 } }
  )

  it.prop("reads any text at all without an exception", [Schema.String], ([text]) => {
    for (const decode of [SecLsmManager.decodeRequest, SecLsmManager.decodeReply]) {
      const message = decode(text)
      if (message instanceof Malformed) assert.strictEqual(message.frame, text)
      else assert.isString(message._tag)
    }
  })

  const requestLines: ReadonlyArray<readonly [string, Request]> = [
    ["sec-lsm-manager 1", { _tag: "hello", versions: ["1"] }],
    ["sec-lsm-manager 3 2 1", { _tag: "hello", versions: ["3", "2", "1"] }],
    ["clear", { _tag: "clear" }],
    ["id ID", { _tag: "id", id: "ID" }],
    ["path PATH PATH-TYPE", { _tag: "path", path: "PATH", type: "PATH-TYPE" }],
    ["path a\\ b\\\\c\\\nd data", { _tag: "path", path: "a b\\c\nd", type: "data" }],
    ["permission PERMISSION", { _tag: "permission", permission: "PERMISSION" }],
    ["plug EXPDIR IMPID IMPDIR", { _tag: "plug", expdir: "EXPDIR", impid: "IMPID", impdir: "IMPDIR" }],
    ["install", { _tag: "install" }],
    ["uninstall", { _tag: "uninstall" }],
    ["display", { _tag: "display" }],
    ["log", { _tag: "log" }],
    ["log on", { _tag: "log", state: "on" }],
    ["log off", { _tag: "log", state: "off" }],
    // Two SPACEs enclose an empty field.
    ["id ", { _tag: "id", id: "" }],
    ["path  ", { _tag: "path", path: "", type: "" }]
  ]
  const replyLines: ReadonlyArray<readonly [string, Reply]> = [
    ["done", { _tag: "done", args: [] }],
    ["done 1", { _tag: "done", args: ["1"] }],
    ["done on", { _tag: "done", args: ["on"] }],
    ["error not-recoverable", { _tag: "error", reason: "not-recoverable" }],
    ["string error on", { _tag: "ErrorOn" }],
    ["string id ID", { _tag: "StringId", id: "ID" }],
    ["string path /a\\ b\\\\c\\\nd data", { _tag: "StringPath", path: "/a b\\c\nd", type: "data" }],
    ["string permission PERMISSION", { _tag: "StringPermission", permission: "PERMISSION" }],
    [
      "string plug EXPDIR IMPID IMPDIR",
      { _tag: "StringPlug", expdir: "EXPDIR", impid: "IMPID", impdir: "IMPDIR" }
    ]
  ]

  it.each(requestLines)("writes the request %j as the specification has it", (line, request) => {
    assert.deepStrictEqual(SecLsmManager.decodeRequest(line), request)
    assert.strictEqual(SecLsmManager.encodeRequest(request), line)
  })

  it.each(replyLines)("writes the reply %j as the specification has it", (line, reply) => {
    assert.deepStrictEqual(SecLsmManager.decodeReply(line), reply)
    assert.strictEqual(SecLsmManager.encodeReply(reply), line)
  })

  it("leaves a backslash before an ordinary character as it is, and writes it escaped", () => {
    const request: Request = { _tag: "permission", permission: "a\\b\\" }
    assert.deepStrictEqual(SecLsmManager.decodeRequest("permission a\\b\\"), request)
    assert.strictEqual(SecLsmManager.encodeRequest(request), "permission a\\\\b\\\\")
  })

  it.each(["a\0b", "\ud800", "\udc00\ud800"])("refuses to write %j, which no line can carry", (id) => {
    assert.throws(() => SecLsmManager.encodeRequest({ _tag: "id", id }), /NUL or lone surrogates/)
    assert.throws(() => SecLsmManager.encodeReply({ _tag: "StringId", id }), /NUL or lone surrogates/)
  })
})
