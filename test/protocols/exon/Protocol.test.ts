import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Redacted, Schema } from "effect"
import {
  Exon,
  maxLength,
  type Reply,
  Reply as ReplyCodec,
  type Request,
  Request as RequestCodec
} from "../../../src/protocols/exon/Protocol.ts"
import { type Answer, Closing, Malformed } from "../../../src/Protocol.ts"
import * as Framing from "../../../src/Framing.ts"
import { counted, read } from "./ConversationModel.ts"

/** A request with its password uncovered, for what is covered looks equal to all that is. */
const uncovered = (request: Request | Malformed) =>
  request instanceof Malformed || request._tag !== "auth"
    ? request
    : { ...request, passwd: Redacted.value(request.passwd) }

const requests = Schema.Array(Schema.toType(RequestCodec))
const replies = Schema.Array(Schema.toType(ReplyCodec))
const cuts = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 })))

/** What arrives of these frames when their bytes come in pieces of these sizes, the last one all that is left. */
const transmit = (
  frames: ReadonlyArray<string>,
  sizes: ReadonlyArray<number>
): ReadonlyArray<string | Framing.InvalidFrame> => {
  const bytes = new TextEncoder().encode(frames.map((frame) => Exon.grammar.framing.encode(frame)).join(""))
  const decoder = Exon.grammar.framing.withMaxLength(1_000_000).decoder()
  const received: Array<string | Framing.InvalidFrame> = []
  let start = 0
  for (const size of [...sizes, bytes.length]) {
    received.push(...decoder.push(bytes.subarray(start, start + size)))
    start += size
  }
  return received
}

/** Values from pieces that mean something on a line. */
const pieces = [
  ...["id", "add", "comment", "auth", "del", "search", "list", "quit", "ID", "get", "constructor"],
  ...[" ", " ", "  ", "::", "::", ":", '"', '""', "=", "\n", "\r", "\0", "\ud800", "é", "x"],
  ...["0", "1", "05", "-1", "+1", "1.0", "1e3", "٥", "0x1", "9007199254740991", "9007199254740992"],
  ...["99999999999999999", '"5"', 'id="5"', 'id="0"', 'id=""', 'id="five"', 'id="6"::', '::id="7"'],
  ...['name="Fusion engine"', 'name=""', 'name=" "', 'comments="a::b"', '::comments="again"', 'COMMENTS="x"'],
  ...['username="ada"', '::passwd="secret"', 'passwd="s=::"', '::username="bob"', 'text="fusion"'],
  ...['page="2"', 'page="0"', 'page="x"', '::page="3"', '_tag="id"', '__proto__="1"']
] as const
const almostLines = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(
      Schema.Literals(["id ", "add ", "comment ", "auth ", "del ", "search ", "list ", "list", "quit", ""])
    ),
    Arbitrary.array(Arbitrary.schema(Schema.Literals(pieces)), { maxLength: 4 })
  ]),
  ([verb, rest]) => verb + rest.join("")
)

describe("The codec of Exon", () => {
  it.prop("brings every request through, cut anywhere", { requests, cuts }, ({ cuts, requests }) => {
    const frames = requests.map((request) => Exon.encodeRequest(request))
    const received = transmit(frames, cuts)
    assert.deepStrictEqual([...received], frames)
    assert.deepStrictEqual(
      frames.map((frame) => uncovered(Exon.decodeRequest(frame))),
      requests.map(uncovered)
    )
  })

  it.prop("brings every reply through, cut anywhere", { cuts, replies }, ({ cuts, replies }) => {
    const frames = replies.map((reply) => Exon.encodeReply(reply))
    assert.deepStrictEqual([...transmit(frames, cuts)], frames)
    // JSON has no -0.
    const expected = JSON.parse(JSON.stringify(replies)) as ReadonlyArray<Reply>
    assert.deepStrictEqual(
      frames.map((frame) => Exon.decodeReply(frame)),
      [...expected]
    )
  })

  it.prop(
    "writes a reply as one compact JSON document with `status`, `message` and `data`, which is all of its answer",
    [Schema.toType(ReplyCodec)],
    ([reply]) => {
      const frame = Exon.encodeReply(reply)
      const document = JSON.parse(frame) as Record<string, unknown>
      assert.deepStrictEqual(Object.keys(document), ["status", "message", "data"])
      // JavaScript does not count that far.
      const counted = frame.replace(/"data":\d{16,}\}$/, `"data":${Number(document["data"])}}`)
      assert.strictEqual(JSON.stringify(document), counted)
      assert.notInclude(frame, "\n")
      assert.isTrue(Exon.isLast(reply, undefined, 0))
    }
  )

  it.prop(
    "reads of any line a request with the same values, or none where the grammar has none",
    [almostLines],
    ([line]) => {
      const said = read(line)
      const request = Exon.decodeRequest(line)
      assert.strictEqual(!(request instanceof Malformed), said !== undefined, JSON.stringify(line))
      if (request instanceof Malformed) return
      const { _tag, ...fields } = uncovered(request) as Record<string, string | number>
      assert.strictEqual(_tag, said!.verb)
      assert.deepStrictEqual(
        fields,
        Object.fromEntries(
          [...said!.values].map(([key, value]) => [
            key,
            key === "id" || key === "page" ? counted(BigInt(value)) : value
          ])
        )
      )
      const again = Exon.encodeRequest(request)
      assert.deepStrictEqual(uncovered(Exon.decodeRequest(again)), uncovered(request))
      assert.deepStrictEqual(read(again)?.values.size, said!.values.size)
    },
    { arbitrary: { runs: 4000 } }
  )

  it.prop("reads any text at all without an exception", [Schema.String], ([text]) => {
    for (const decode of [Exon.decodeRequest, Exon.decodeReply]) {
      const message = decode(text)
      if (message instanceof Malformed) assert.strictEqual(message.frame, text)
      else assert.isString(message._tag)
    }
  })

  const requestLines: ReadonlyArray<
    readonly [line: string, request: Request, others: ReadonlyArray<string>]
  > = [
    ["id 5", { _tag: "id", id: 5 }, ['id "5"', 'id id="5"', "id 05", 'id "0000000000000005"']],
    ["id 9007199254740991", { _tag: "id", id: 9_007_199_254_740_991 }, []],
    ["id 9007199254740992", { _tag: "id", id: "9007199254740992" }, ["id 009007199254740992"]],
    ["del 99999999999999999999", { _tag: "del", id: "99999999999999999999" }, []],
    [
      'add name="Fusion engine"::comments="Could explode at any time."',
      { _tag: "add", name: "Fusion engine", comments: "Could explode at any time." },
      ['add comments="Could explode at any time."::name="Fusion engine"']
    ],
    ['add name="Fusion engine"', { _tag: "add", name: "Fusion engine" }, []],
    ['add name=" a::b=c "', { _tag: "add", name: " a::b=c " }, []],
    [
      'comment id="1"::comments="this is another comment"',
      { _tag: "comment", id: 1, comments: "this is another comment" },
      [
        'comment comments="this is another comment"::id="1"',
        'comment id="01"::comments="this is another comment"'
      ]
    ],
    [
      'auth username="USER"::passwd="pass::word="',
      { _tag: "auth", username: "USER", passwd: Redacted.make("pass::word=") },
      ['auth passwd="pass::word="::username="USER"']
    ],
    ["del 5", { _tag: "del", id: 5 }, ['del "5"', 'del id="5"']],
    ['search text="fusion engine"', { _tag: "search", text: "fusion engine" }, []],
    ["list", { _tag: "list" }, []],
    ['list page="2"', { _tag: "list", page: 2 }, ['list page="02"']],
    ["quit", { _tag: "quit" }, []]
  ]

  it.each(requestLines)("writes the request %j as the specification has it", (line, request, others) => {
    assert.strictEqual(Exon.encodeRequest(request), line)
    for (const each of [line, ...others]) {
      assert.deepStrictEqual(uncovered(Exon.decodeRequest(each)), uncovered(request), each)
    }
  })

  const item = {
    name: "Engine",
    id: 1,
    date: "2015-12-29 00:12:04",
    comments: "May explode.\nIt did.",
    author: "anon"
  }
  const itemText =
    '{"name":"Engine","id":1,"date":"2015-12-29 00:12:04","comments":"May explode.\\nIt did.","author":"anon"}'
  const replyLines: ReadonlyArray<readonly [line: string, reply: Reply]> = [
    [
      `{"status":"success","message":"Item is available.","data":${itemText}}`,
      { _tag: "Available", status: "success", message: "Item is available.", data: item }
    ],
    [
      '{"status":"success","message":"New item registered","data":1}',
      { _tag: "Registered", status: "success", message: "New item registered", data: 1 }
    ],
    [
      '{"status":"success","message":"Item successfully deleted","data":1}',
      { _tag: "Deleted", status: "success", message: "Item successfully deleted", data: 1 }
    ],
    [
      '{"status":"success","message":"New comment added.","data":1}',
      { _tag: "Commented", status: "success", message: "New comment added.", data: 1 }
    ],
    [
      '{"status":"error","message":"Could not add new comment.","data":9}',
      { _tag: "NotCommented", status: "error", message: "Could not add new comment.", data: 9 }
    ],
    [
      '{"status":"error","message":"Could not add new comment.","data":9007199254740991}',
      {
        _tag: "NotCommented",
        status: "error",
        message: "Could not add new comment.",
        data: 9_007_199_254_740_991
      }
    ],
    [
      '{"status":"error","message":"Could not add new comment.","data":9007199254740993}',
      {
        _tag: "NotCommented",
        status: "error",
        message: "Could not add new comment.",
        data: "9007199254740993"
      }
    ],
    [
      '{"status":"success","message":"Successful authentication","data":"username"}',
      { _tag: "Authenticated", status: "success", message: "Successful authentication", data: "username" }
    ],
    [
      '{"status":"error","message":"Authentication failed","data":"username"}',
      { _tag: "NotAuthenticated", status: "error", message: "Authentication failed", data: "username" }
    ],
    [
      '{"status":"error","message":"Item not found.","data":""}',
      { _tag: "NotFound", status: "error", message: "Item not found.", data: "" }
    ],
    [
      '{"status":"error","message":"Item already exists","data":"1"}',
      { _tag: "Exists", status: "error", message: "Item already exists", data: "1" }
    ],
    [
      '{"status":"error","message":"Unauthorized action - User not logged in","data":"1"}',
      { _tag: "NotLoggedIn", status: "error", message: "Unauthorized action - User not logged in", data: "1" }
    ],
    [
      '{"status":"error","message":"Non-existing item","data":"9"}',
      { _tag: "NotDeleted", status: "error", message: "Non-existing item", data: "9" }
    ],
    [
      '{"status":"error","message":"Protocol error, please refer to the documentation","data":null}',
      {
        _tag: "ProtocolError",
        status: "error",
        message: "Protocol error, please refer to the documentation",
        data: null
      }
    ],
    [
      `{"status":"success","message":"Items found","data":[${itemText},${itemText}]}`,
      { _tag: "Found", status: "success", message: "Items found", data: [item, item] }
    ],
    [
      '{"status":"success","message":"Items found","data":[]}',
      { _tag: "Found", status: "success", message: "Items found", data: [] }
    ],
    [
      '{"status":"error","message":"Internal error","data":null}',
      { _tag: "Failed", status: "error", message: "Internal error", data: null }
    ]
  ]

  it.each(replyLines)(
    "writes the reply %j to the byte, in whatever order its keys are given",
    (line, reply) => {
      assert.strictEqual(Exon.encodeReply(reply), line)
      assert.deepStrictEqual(Exon.decodeReply(line), reply)
      const reversed = Object.fromEntries(Object.entries(reply).toReversed()) as Reply
      assert.strictEqual(Exon.encodeReply(reversed), line)
    }
  )

  it("has every reply in that list", () => {
    const tags = new Set(replyLines.map(([, { _tag }]) => _tag))
    assert.strictEqual(tags.size, 14)
  })

  it.each([
    ...["id", "id ", "id  5", "id 5 ", "id 5 6", 'id "5', 'id 5"', 'id ""', "id '5'", 'id id="5"::id="5"'],
    ...[
      "id 0",
      "id 00",
      "id -1",
      "id +1",
      "id 1.0",
      "id 1e3",
      "id 0x1",
      "id five",
      "id ٥",
      'id "five"',
      "id id=5"
    ],
    ...["ID 5", "Id 5", " id 5", "id\t5", 'id name="5"'],
    ...[
      "add",
      "add ",
      'add name=""',
      'add comments="c"',
      'add name="a"::name="b"',
      'add name="a"::comments=""'
    ],
    ...[
      'add name="a"::colour="red"',
      'add name="a" comments="c"',
      'add name="a":comments="c"',
      "add a",
      'add "a"'
    ],
    ...[
      'add name="a"::',
      'add ::name="a"',
      'add name="a" ',
      'add  name="a"',
      'add name="a\\"b"',
      'add name="a"b"'
    ],
    ...[
      "comment",
      'comment id="1"',
      'comment comments="c"',
      'comment id="1"::comments=""',
      'comment 1::comments="c"'
    ],
    ...['comment id="0"::comments="c"', 'comment id="x"::comments="c"', 'comment id=1::comments="c"'],
    ...[
      "auth",
      'auth username="u"',
      'auth passwd="p"',
      'auth username=""::passwd="p"',
      'auth username="u"::passwd=""'
    ],
    ...[
      'auth user="u"::passwd="p"',
      'auth username="u"::passwd="p"::passwd="p"',
      "del",
      "del ",
      "del x",
      "del 0"
    ],
    ...["search", "search fusion", 'search "fusion"', 'search text=""', "list ", "list 2", 'list page="0"'],
    ...['list page=""', "quit ", "quit now", "QUIT", "", " ", "nonsense", "constructor", '__proto__="1"']
  ])("has no place for %j", (line) => {
    assert.instanceOf(Exon.decodeRequest(line), Malformed)
    assert.isUndefined(read(line))
  })

  it("takes 64 KiB of comments, in bytes, and not one more", () => {
    const fits = ["x".repeat(65_536), "é".repeat(32_768), "😀".repeat(16_384)]
    for (const comments of fits) {
      for (const line of [`add name="a"::comments="${comments}"`, `comment id="1"::comments="${comments}"`]) {
        assert.notInstanceOf(Exon.decodeRequest(line), Malformed)
        assert.instanceOf(Exon.decodeRequest(line.replace(/"$/, 'x"')), Malformed)
      }
      assert.throws(() => Exon.encodeRequest({ _tag: "comment", id: 1, comments: `${comments}x` }), /64 KiB/)
    }
    // The longest of them with the longest number of an item is no longer than a line may be.
    assert.isAtMost(`comment id="9007199254740991"::comments=""`.length + 65_536, maxLength)
  })

  it("refuses to write what no line can carry", () => {
    const strangers: ReadonlyArray<Request> = [
      { _tag: "id", id: 0 },
      { _tag: "id", id: 1.5 },
      { _tag: "id", id: "5" },
      { _tag: "id", id: "09007199254740992" },
      { _tag: "id", id: 9_007_199_254_740_992 },
      { _tag: "del", id: -1 },
      { _tag: "add", name: "" },
      { _tag: "add", name: 'a"b' },
      { _tag: "add", name: "a\nb" },
      { _tag: "search", text: "\ud800" },
      { _tag: "auth", username: "u", passwd: Redacted.make('p"') },
      { _tag: "list", page: 0 }
    ]
    for (const request of strangers) assert.throws(() => Exon.encodeRequest(request))
  })

  it("keeps a password covered, and does not tell it in what it says of a line that it cannot read", () => {
    const request = Exon.decodeRequest('auth username="ada"::passwd="hunter2hunter2"')
    assert.strictEqual(JSON.stringify(request), '{"_tag":"auth","username":"ada","passwd":"<redacted>"}')
    assert.notInclude(inspect(request, { depth: 9, showHidden: true }), "hunter2")
    for (const line of [
      'auth username="\ud800"::passwd="hunter2hunter2"',
      'auth username="a"::passwd="hunter2\ud800"'
    ]) {
      const malformed = Exon.decodeRequest(line)
      assert.instanceOf(malformed, Malformed)
      assert.notInclude(malformed.error.message, "hunter2")
    }
  })

  it("answers what it cannot read with the protocol error, and closes only after a line over the limit", () => {
    const error: Reply = {
      _tag: "ProtocolError",
      status: "error",
      message: "Protocol error, please refer to the documentation",
      data: null
    }
    const answers: ReadonlyArray<readonly [Answer<Reply>, closes: boolean]> = [
      [Exon.onInvalid(Exon.decodeRequest("nonsense") as Malformed, 0), false],
      [Exon.onInvalid(new Framing.InvalidFrame({ reason: "NotText", maxLength, length: 1 }), 0), false],
      [Exon.onInvalid(Framing.tooLong(maxLength), 0), true]
    ]
    for (const [answer, closes] of answers) {
      assert.strictEqual(answer instanceof Closing, closes)
      assert.deepStrictEqual(answer instanceof Closing ? answer.replies : [answer], [error])
    }
  })
})
