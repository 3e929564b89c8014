/**
 * A protocol for the tests of the server: each of its requests makes a command do what a test needs one to do.
 *
 * What its commands and sessions do is noted on the `Stage`; commands that wait, wait for a gate of the stage.
 */
import { Context, Deferred, Effect, Exit, Layer, Schema, Scope, Stream } from "effect"
import { SocketServer } from "effect/socket"
import * as Command from "../../src/Command.ts"
import * as Endpoint from "../../src/Endpoint.ts"
import * as Framing from "../../src/Framing.ts"
import * as Message from "../../src/Message.ts"
import * as Protocol from "../../src/Protocol.ts"
import * as Server from "../../src/Server.ts"
import * as Syntax from "../../src/Syntax.ts"
import { join } from "node:path"
import { temporaryDirectory } from "./Directory.ts"
import { Happenings } from "./Happenings.ts"

const number = Schema.FiniteFromString

// Answers at once.
const Say = Message.make("say", { text: Syntax.Word })
// Answers when the gate of this name is open.
const Wait = Message.make("wait", { gate: Syntax.Word })
// The same, while the next requests are begun; dies when its gate is called "thrown" or "dead", and when it is called
// "long", answers with what is made when it is its turn, in portions.
const Later = Message.make("later", { gate: Syntax.Word })
// Answers with so many bytes.
const Big = Message.make("big", { size: number })
// Answers a frame with a given number of pieces of a given size; then dies where it is asked to.
const Portions = Message.make("portions", {
  count: number,
  size: number,
  ends: Schema.Literals(["well", "dead"])
})
// Keeps the event loop busy for so many milliseconds.
const Spin = Message.make("spin", { time: number })
// Answers with so many lines.
const Many = Message.make("many", { count: number })
// Answers nothing.
const Silent = Message.make("silent", {})
// Answers how often this connection has asked.
const Count = Message.make("count", {})
// Answers who the peer is.
const Who = Message.make("who", {})
// Dies: thrown, as an effect, or of an answer that cannot be written.
const Die = Message.make("die", { how: Schema.Literals(["throwing", "effect", "unsayable"]) })
// Answers and closes the connection.
const Bye = Message.make("bye", { text: Syntax.Word })

const Said = Message.make("said", { text: Syntax.Word })
const Failed = Message.make("failed", {
  reason: Schema.Literals(["too-long", "not-utf8", "syntax", "internal"])
})
export const Reply = Syntax.words([Said, Failed])
export type Reply = typeof Reply.Type

/** Closes on no bad frame. */
export const Probe = Protocol.make({
  name: "probe",
  framing: Framing.lines({ maxLength: 1000, escape: "\\" }),
  request: Syntax.words([Say, Wait, Later, Big, Portions, Spin, Many, Silent, Count, Who, Die, Bye]),
  reply: Reply,
  onInvalid: (problem): Reply => ({
    _tag: "failed",
    reason:
      problem._tag !== "InvalidFrame" ? "syntax" : problem.reason === "TooLong" ? "too-long" : "not-utf8"
  }),
  isError: (reply) => reply._tag === "said" && reply.text === "no",
  onDefect: { _tag: "failed", reason: "internal" }
})
export type Probe = typeof Probe

/** The same, but a bad frame closes the connection. */
export const StrictProbe: Probe = {
  ...Probe,
  onInvalid: (problem, at) => Protocol.closing(Probe.onInvalid(problem, at) as Reply)
}

/** Where what happens is noted, and where the gates are. */
export class Stage extends Context.Service<
  Stage,
  { readonly happenings: Happenings; readonly gate: (name: string) => Deferred.Deferred<void> }
>()("test/Stage") {
  static readonly layer = Layer.sync(Stage, () => {
    const gates = new Map<string, Deferred.Deferred<void>>()
    return {
      happenings: new Happenings(),
      gate: (name) => {
        const gate = gates.get(name) ?? Deferred.makeUnsafe<void>()
        gates.set(name, gate)
        return gate
      }
    }
  })
}

/** Opens a gate for all who wait there, now and later. */
export const open = (gate: string) => Stage.use((stage) => Deferred.succeed(stage.gate(gate), undefined))

/** Waits until something has happened, so many times since the test began. */
export const until = (event: string | RegExp, times?: number) =>
  Stage.use((stage) => stage.happenings.until(event, times))

/** How often something has happened so far. */
export const count = (event: string | RegExp) => Stage.useSync((stage) => stage.happenings.count(event))

/** The session of a connection: its number, and how often it was asked. */
export class Session extends Context.Service<Session, { readonly number: number; asked: number }>()(
  "test/Session"
) {
  static readonly layer = Layer.effect(
    Session,
    Effect.gen(function* () {
      const { happenings } = yield* Stage
      return yield* Effect.acquireRelease(
        Effect.sync(() => {
          const number = happenings.count(/^session \d+ built$/) + 1
          happenings.note(`session ${number} built`)
          return { number, asked: 0 }
        }),
        ({ number }) => Effect.sync(() => happenings.note(`session ${number} released`))
      )
    })
  )
}

const said = (text: string): Reply => ({ _tag: "said", text })

type Tag = Protocol.Request<Probe>["_tag"]
type Handler<T extends Tag> = Command.Handler<
  Command.RequestOf<Probe, T>,
  Reply,
  Server.Connection<Probe, Session["Service"]>,
  Session
>

const define = Command.define(Probe, Session)

const command =
  <const T extends Tag>(tag: T, handler: Handler<T>) =>
  () =>
    Promise.resolve({ default: define(tag, handler) })

const noting =
  <const T extends Tag>(tag: T, make: (stage: Stage["Service"]) => Handler<T>, options?: Command.Options) =>
  () =>
    Promise.resolve({ default: define(tag, Effect.map(Stage, make), options) })

const commands = {
  say: command("say", ({ text }) => said(text)),
  wait: noting("wait", ({ gate, happenings }) =>
    Effect.fnUntraced(function* (request) {
      happenings.note(`wait ${request.gate}`)
      yield* Deferred.await(gate(request.gate))
      return said(request.gate)
    })
  ),
  later: noting(
    "later",
    ({ gate, happenings }) =>
      (request) => {
        happenings.note(`later ${request.gate}`)
        if (request.gate === "thrown") throw new Error("thrown by a command")
        return Effect.map(Deferred.await(gate(request.gate)), () => {
          if (request.gate === "dead") throw new Error("a command gave up")
          if (request.gate !== "long") return said(request.gate)
          return Stream.suspend(() => {
            happenings.note("long made")
            return Stream.make(Protocol.fragment("said "), Protocol.lastFragment("long"))
          })
        })
      },
    { concurrent: true }
  ),
  big: noting("big", ({ happenings }) => ({ size }) => {
    happenings.note("big")
    return said("x".repeat(size))
  }),
  portions: noting("portions", ({ happenings }) => ({ count, ends, size }) => {
    const portions = Stream.range(1, count).pipe(
      Stream.rechunk(1),
      Stream.map((i) => {
        happenings.note("portion")
        return Protocol.fragment(i === 1 ? `said ${"x".repeat(size)}` : "x".repeat(size))
      })
    )
    const end = Stream.suspend(() => {
      happenings.note("portions written")
      if (ends === "dead") return Stream.die(new Error("a command gave up"))
      return Stream.succeed(Protocol.lastFragment(""))
    })
    return Stream.concat(count === 0 ? Stream.empty : portions, end)
  }),
  spin: command("spin", ({ time }) => {
    const end = performance.now() + time
    while (performance.now() < end);
    return []
  }),
  many: command("many", ({ count }) => Array.from({ length: count }, (_, i) => said(String(i)))),
  silent: command("silent", () => []),
  count: command("count", (_, { session }) => said(String(++session.asked))),
  who: command(
    "who",
    Effect.fnUntraced(function* () {
      const { address } = yield* Server.Peer
      return said(address)
    })
  ),
  die: command("die", ({ how }) => {
    if (how === "throwing") throw new Error("thrown by a command")
    return how === "effect" ? Effect.die(new Error("a command gave up")) : said("\0")
  }),
  bye: command("bye", ({ text }) => Protocol.closing(said(text)))
}

export interface Options extends Server.Limits, Endpoint.Ending {
  /** Whether a bad frame closes the connection. */
  readonly strict?: boolean
  readonly session?: Layer.Layer<Session, string, Stage>
  readonly observer?: () => Server.Observer | undefined
}

/** The protocol as a service. */
export const layer = ({ session = Session.layer, strict = false, ...options }: Options = {}) =>
  Server.layer(strict ? StrictProbe : Probe, { ...options, session, commands })

/**
 * Serves on an endpoint until the scope closes or the effect `stop` is run; the endpoint is the one that it is bound to.
 */
export const serveOn = <E extends Endpoint.Endpoint, R>(
  endpoint: E,
  layer: Layer.Layer<never, never, SocketServer.SocketServer | R>,
  ending: Endpoint.Ending = {}
) =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope)
    const server = yield* Layer.buildWithScope(
      Layer.provideMerge(layer, Endpoint.layerServer(endpoint, ending)),
      scope
    )
    const bound = Endpoint.bound(endpoint, Context.get(server, SocketServer.SocketServer)) as E
    return { endpoint: bound, stop: Scope.close(scope, Exit.void) }
  })

/** Serves the probe on an endpoint. */
export const serve = <E extends Endpoint.Endpoint>(endpoint: E, options: Options = {}) =>
  serveOn(endpoint, layer(options), options)

/** Any free port. */
export const tcp = { _tag: "Tcp", host: "127.0.0.1", port: 0 } as const

/** A Unix socket in a directory of its own. */
export const unix = Effect.map(
  temporaryDirectory,
  (directory) => ({ _tag: "Unix", path: join(directory, "s") }) as const
)
