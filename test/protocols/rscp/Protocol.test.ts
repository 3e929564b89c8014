import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Redacted, Schema } from "effect"
import {
  type Reply,
  Reply as ReplyCodec,
  type Request,
  Request as RequestCodec,
  Rscp
} from "../../../src/protocols/rscp/Protocol.ts"
import { Malformed } from "../../../src/Protocol.ts"
import { cuts, transmit } from "../../support/Transmission.ts"

/** A request with its password uncovered, for what is covered looks equal to all that is. */
const uncovered = (request: Request | Malformed) =>
  "password" in request ? { ...request, password: Redacted.value(request.password) } : request

const requests = Schema.Array(Schema.toType(RequestCodec))
const replies = Schema.Array(Schema.toType(ReplyCodec))

/** Values from pieces that mean something on a line. */
const pieces = [
  ...[
    "CONNECT",
    "REQUEST",
    "AUTHENTIFICATION",
    "LOGIN",
    "CREATE",
    "DISCONNECT",
    "LIST",
    "FUNCTION",
    "RESPONSE"
  ],
  ...[" ", ":", "::", "=", "\r", "\0", "\ud800", "é", "x", "function", "constructor", "__proto__=1"],
  ...["ID=1", ":ID=1", "ID=2:ID=2", ":PARAM1=90", ":PARAM2=", ":PARAM3=x", ":PARAM0=1", ":PARAM01=1"],
  ...["USERNAME=dias", ":PASSWORD=pompier", ":EMAIL=a@b.c", "NBPARAM=2", ":NBPARAM=-1", "ADD(X, Y)"]
] as const
const almostLines = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Literals(pieces)), { maxLength: 7 }),
  (all) => all.join("")
)

describe("The codec of RSCP", () => {
  it.prop("brings every request through, cut anywhere", { requests, cuts }, ({ cuts, requests }) => {
    const frames = requests.map((request) => Rscp.encodeRequest(request))
    assert.deepStrictEqual([...transmit(Rscp.grammar.framing, frames, cuts)], frames)
    assert.deepStrictEqual(
      frames.map((frame) => uncovered(Rscp.decodeRequest(frame))),
      requests.map(uncovered)
    )
  })

  it.prop("brings every reply through, cut anywhere", { cuts, replies }, ({ cuts, replies }) => {
    const frames = replies.map((reply) => Rscp.encodeReply(reply))
    assert.deepStrictEqual([...transmit(Rscp.grammar.framing, frames, cuts)], frames)
    // Digits have no -0.
    const expected = JSON.parse(JSON.stringify(replies)) as ReadonlyArray<Reply>
    assert.deepStrictEqual(
      frames.map((frame) => Rscp.decodeReply(frame)),
      [...expected]
    )
  })

  it.prop(
    "reads of any line a message that it writes back, or none, and never throws",
    [almostLines],
    ([line]) => {
      for (const [decode, encode] of [
        [Rscp.decodeRequest, Rscp.encodeRequest],
        [Rscp.decodeReply, Rscp.encodeReply]
      ] as ReadonlyArray<
        readonly [(line: string) => Request | Reply | Malformed, (message: never) => string]
      >) {
        const message = decode(line)
        if (message instanceof Malformed) assert.strictEqual(message.frame, line)
        else assert.deepStrictEqual(decode(encode(message as never)), message)
      }
    },
    { arbitrary: { runs: 4000 } }
  )

  const requestLines: ReadonlyArray<readonly [line: string, request: Request]> = [
    ["CONNECT REQUEST", { _tag: "connect" }],
    [
      "AUTHENTIFICATION LOGIN:USERNAME=username:PASSWORD=pass=word",
      { _tag: "login", username: "username", password: Redacted.make("pass=word") }
    ],
    [
      "AUTHENTIFICATION CREATE:USERNAME=username:PASSWORD=password:EMAIL=user@name.tdl",
      {
        _tag: "create",
        username: "username",
        password: Redacted.make("password"),
        email: "user@name.tdl"
      }
    ],
    ["DISCONNECT", { _tag: "disconnect" }],
    ["LIST FUNCTION", { _tag: "list" }],
    ["FUNCTION:ID=2:PARAM1=90", { _tag: "function", id: "2", param: ["90"] }],
    ["FUNCTION:ID=7", { _tag: "function", id: "7", param: [] }],
    [
      `FUNCTION:ID=3${Array.from({ length: 12 }, (_, i) => `:PARAM${i + 1}=${i}`).join("")}`,
      { _tag: "function", id: "3", param: Array.from({ length: 12 }, (_, i) => String(i)) }
    ]
  ]

  it.each(requestLines)("writes the request %j as the specification has it", (line, request) => {
    assert.strictEqual(Rscp.encodeRequest(request), line)
    assert.deepStrictEqual(uncovered(Rscp.decodeRequest(line)), uncovered(request))
  })

  const replyLines: ReadonlyArray<readonly [line: string, reply: Reply]> = [
    ["AUTHENTIFICATION SUCCESSFUL", { _tag: "Successful" }],
    ["AUTHENTIFICATION FAILED", { _tag: "Failed" }],
    ["AUTHENTIFICATION REQUEST", { _tag: "Authentification" }],
    ["AUTHENTIFICATION CREATE SUCCESS", { _tag: "Created" }],
    ["AUTHENTIFICATION CREATE FAILED", { _tag: "NotCreated" }],
    [
      "FUNCTION=ADD(X, Y):ID=1:NBPARAM=2:FUNCTION=SIN(X):ID=2:NBPARAM=1:FUNCTION=SUM(...):ID=9:NBPARAM=-1",
      {
        _tag: "Functions",
        functions: [
          { function: "ADD(X, Y)", id: 1, nbparam: 2 },
          { function: "SIN(X)", id: 2, nbparam: 1 },
          { function: "SUM(...)", id: 9, nbparam: -1 }
        ]
      }
    ],
    ["FUNCTION RESPONSE:ID=2:ANSWER=1", { _tag: "Response", id: "2", answer: "1" }],
    ["ERROR:REASON=malformed message", { _tag: "Failure", reason: "malformed message" }]
  ]

  it.each(replyLines)("writes the reply %j as the specification has it", (line, reply) => {
    assert.strictEqual(Rscp.encodeReply(reply), line)
    assert.deepStrictEqual(Rscp.decodeReply(line), reply)
  })

  it("shows no password of a request that is printed", () => {
    const request = Rscp.decodeRequest("AUTHENTIFICATION LOGIN:USERNAME=dias:PASSWORD=pompier")
    assert.include(inspect(request), "dias")
    assert.notInclude(inspect(request, { depth: 9 }), "pompier")
    assert.notInclude(JSON.stringify(request), "pompier")
  })
})
