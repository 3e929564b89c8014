/**
 * The NATS client from npm against a server: publish and subscribe, wildcards, queue groups, requests, headers, drain.
 *
 *     node .ci/examples/nats-npm.ts 127.0.0.1:4222
 */
import { connect, headers, type NatsConnection, type Subscription } from "@nats-io/transport-node"
import assert from "node:assert/strict"

const servers = process.argv[2]!
const nc = await connect({ servers, reconnect: false })
const other = await connect({ servers, reconnect: false, verbose: true, pedantic: true })

/** The subjects and payloads of the messages that a subscription gets before it is drained. */
const collect = async (subscription: Subscription): Promise<ReadonlyArray<string>> => {
  const messages: Array<string> = []
  for await (const message of subscription) messages.push(`${message.subject}: ${message.string()}`)
  return messages
}

/** Publishes, and drains the subscriptions when the server has taken it all. */
const publish = async (
  connection: NatsConnection,
  messages: ReadonlyArray<readonly [subject: string, payload: string | Uint8Array]>,
  subscriptions: ReadonlyArray<Subscription>
): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const collected = subscriptions.map(collect)
  await nc.flush()
  for (const [subject, payload] of messages) connection.publish(subject, payload)
  await connection.flush()
  await Promise.all(subscriptions.map((subscription) => subscription.drain()))
  return Promise.all(collected)
}

const subjects = ["a", "a.b", "a.b.c", "b.b", "a.c"]
assert.deepEqual(
  await publish(
    other,
    subjects.map((subject) => [subject, "x"] as const),
    ["a", "a.*", "a.>", "*.b", ">"].map((pattern) => nc.subscribe(pattern))
  ),
  [["a"], ["a.b", "a.c"], ["a.b", "a.b.c", "a.c"], ["a.b", "b.b"], subjects].map((each) =>
    each.map((subject) => `${subject}: x`)
  )
)
console.log("publish and subscribe with wildcards: as expected")

const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at)
const binary = nc.subscribe("binary", { max: 2 })
nc.publish("binary", bytes)
nc.publish("binary", "\r\n+OK\r\n")
nc.publish("binary", "one too many")
const payloads: Array<Uint8Array> = []
for await (const { data } of binary) payloads.push(data)
assert.deepEqual(
  payloads.map((data) => Buffer.from(data).toString("latin1")),
  [Buffer.from(bytes).toString("latin1"), "\r\n+OK\r\n"]
)
console.log("binary payloads, and a subscription that ends after 2 messages: as expected")

const workers = Array.from({ length: 3 }, () => nc.subscribe("work", { queue: "workers" }))
const audit = nc.subscribe("work")
const [audited, ...shares] = await publish(
  other,
  Array.from({ length: 300 }, (_, at) => ["work", String(at)] as const),
  [audit, ...workers]
)
assert.equal(audited!.length, 300)
assert.equal(new Set(shares.flat()).size, 300)
assert.ok(
  shares.every(({ length }) => length > 50),
  `not balanced: ${shares.map(({ length }) => length).join(", ")}`
)
console.log("queue groups: each message once, and each member has a share")

const service = nc.subscribe("upper", {
  callback: (_, message) =>
    void message.respond(message.string().toUpperCase(), message.headers && { headers: message.headers })
})
await nc.flush()
const hdrs = headers()
hdrs.set("trace", "é 1")
const answers = await Promise.all(
  Array.from({ length: 100 }, (_, at) => other.request(`upper`, `n${at}`, { timeout: 5000, headers: hdrs }))
)
assert.deepEqual(
  answers.map((message) => message.string()),
  Array.from({ length: 100 }, (_, at) => `N${at}`)
)
assert.ok(answers.every((message) => message.headers?.get("trace") === "é 1"))
await service.drain()
await assert.rejects(other.request("upper", "x", { timeout: 5000 }), /no responders/i)
console.log("100 requests with headers, and one that nobody answers: as expected")

const problem = (async () => {
  for await (const status of other.status()) if (status.type === "error") return status.error.message
  return undefined
})()
other.publish("a.*.b", "x")
assert.match((await problem)!, /Invalid Publish Subject/)
console.log("an error of the server reaches the client")

const drained = nc.subscribe("last")
const rest = collect(drained)
await nc.flush()
for (let at = 0; at < 1000; at++) other.publish("last", String(at))
await other.flush()
await nc.drain()
assert.equal((await rest).length, 1000)
assert.equal(await nc.closed(), undefined)
await other.close()
console.log("drain: all 1000 messages that were sent before have come")
