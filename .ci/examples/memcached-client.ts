/**
 * The typed client of `examples/memcached.ts` in conversation with the memcached server on the endpoint that the command
 * line names. It ends with the first answer that is not the expected one.
 */
import { Effect, Schema } from "effect"
import { deepStrictEqual } from "node:assert/strict"
import { Memcached } from "../../examples/memcached.ts"
import { Client, Endpoint, type Protocol } from "../../src/index.ts"

type Request = Protocol.Request<typeof Memcached>

const bytes = Uint8Array.from({ length: 1024 }, (_, i) => i)
const lines = new TextEncoder().encode("\r\nEND\r\n\0VALUE x 0 1\r\n")
const text = (value: string) => new TextEncoder().encode(value)
const item = (key: string, value: Uint8Array) => ({ key, flags: 7, exptime: 0, value })

/** Requests in the order in which they are sent, and the frames of their answers. */
const conversation: ReadonlyArray<readonly [Request, ReadonlyArray<unknown>]> = [
  [{ _tag: "flush_all" }, [{ _tag: "OK" }]],
  [{ _tag: "set", ...item("bytes", bytes) }, [{ _tag: "STORED" }]],
  [{ _tag: "set", ...item("lines", lines), noreply: "noreply" }, []],
  [
    { _tag: "get", keys: ["bytes", "missing", "lines"] },
    [
      { _tag: "VALUE", key: "bytes", flags: 7, value: bytes },
      { _tag: "VALUE", key: "lines", flags: 7, value: lines },
      { _tag: "END" }
    ]
  ],
  [{ _tag: "add", ...item("bytes", text("other")) }, [{ _tag: "NOT_STORED" }]],
  [{ _tag: "replace", ...item("missing", text("other")) }, [{ _tag: "NOT_STORED" }]],
  [{ _tag: "append", ...item("missing", text("other")), noreply: "noreply" }, []],
  [{ _tag: "set", ...item("empty", text("")) }, [{ _tag: "STORED" }]],
  [{ _tag: "append", ...item("empty", text("b")) }, [{ _tag: "STORED" }]],
  [{ _tag: "prepend", ...item("empty", text("a")) }, [{ _tag: "STORED" }]],
  [
    { _tag: "get", keys: ["empty"] },
    [{ _tag: "VALUE", key: "empty", flags: 7, value: text("ab") }, { _tag: "END" }]
  ],
  [
    { _tag: "incr", key: "empty", delta: 1n },
    [{ _tag: "CLIENT_ERROR", problem: "cannot increment or decrement non-numeric value" }]
  ],
  [{ _tag: "set", ...item("n", text("18446744073709551614")) }, [{ _tag: "STORED" }]],
  [{ _tag: "incr", key: "n", delta: 1n }, [{ _tag: "number", value: 18_446_744_073_709_551_615n }]],
  [{ _tag: "incr", key: "n", delta: 1n, noreply: "noreply" }, []],
  [{ _tag: "incr", key: "n", delta: 5n }, [{ _tag: "number", value: 5n }]],
  [{ _tag: "decr", key: "n", delta: 9n }, [{ _tag: "number", value: 0n }]],
  [{ _tag: "incr", key: "missing", delta: 1n }, [{ _tag: "NOT_FOUND" }]],
  [{ _tag: "cas", ...item("missing", text("")), unique: 1n }, [{ _tag: "NOT_FOUND" }]],
  [{ _tag: "touch", key: "n", exptime: 100 }, [{ _tag: "TOUCHED" }]],
  [{ _tag: "touch", key: "n", exptime: -1 }, [{ _tag: "TOUCHED" }]],
  [{ _tag: "get", keys: ["n"] }, [{ _tag: "END" }]],
  [{ _tag: "delete", key: "bytes", noreply: "noreply" }, []],
  [{ _tag: "delete", key: "bytes" }, [{ _tag: "NOT_FOUND" }]],
  [
    { _tag: "set", ...item("large", new Uint8Array(1_048_577)) },
    [{ _tag: "SERVER_ERROR", problem: "object too large for cache" }]
  ],
  [{ _tag: "verbosity", level: 0, noreply: "noreply" }, []],
  [{ _tag: "flush_all noreply" }, []],
  [{ _tag: "get", keys: ["lines"] }, [{ _tag: "END" }]]
]

const program = Effect.gen(function* () {
  const client = yield* Client.make(Memcached)
  // All at once: each answer has to find its request.
  const answers = yield* Effect.forEach(conversation, ([request]) => client.send(request), {
    concurrency: "unbounded"
  })
  for (const [i, [request, expected]] of conversation.entries()) {
    deepStrictEqual(answers[i], expected, `the answer to ${request._tag}, request ${i}`)
  }
  yield* client.send({ _tag: "set", ...item("a", text("1")) })
  const [found] = yield* client.send({ _tag: "gets", keys: ["a"] })
  const unique = found?._tag === "VALUE" ? (found.unique ?? 0n) : 0n
  deepStrictEqual(yield* client.send({ _tag: "cas", ...item("a", text("2")), unique }), [{ _tag: "STORED" }])
  deepStrictEqual(yield* client.send({ _tag: "cas", ...item("a", text("3")), unique }), [{ _tag: "EXISTS" }])
  const version = yield* client.send({ _tag: "version" })
  const stats = yield* client.send({ _tag: "stats" })
  deepStrictEqual(stats.at(-1), { _tag: "END" })
  deepStrictEqual(yield* client.send({ _tag: "quit" }), [])
  const [{ _tag, ...details } = { _tag: "none" }] = version
  console.log(
    `${conversation.length + 6} requests answered by`,
    _tag,
    details,
    `with ${stats.length - 1} statistics`
  )
})

const endpoint = Schema.decodeSync(Endpoint.FromString)(process.argv[2] ?? "")
if (!Endpoint.isReachable(endpoint)) throw new Error("the endpoint is not one to connect to")
const connected = Effect.provide(Effect.scoped(program), Endpoint.layerClient(endpoint))
await Effect.runPromise(Effect.timeout(connected, "20 seconds"))
