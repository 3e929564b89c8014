/**
 * A protocol for the tests of the server: each of its requests makes a command do what a test needs one to do.
 *
 * What its commands and sessions do is noted on the `Stage`; commands that wait, wait for a gate of the stage.
 */
import { Context, Deferred, Effect, Exit, Layer, Schema, Scope } from "effect"
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
// Answers with so many portions of so many bytes; dies after them when told.
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
  onUnreadable: (problem): Reply => ({
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
  onUnreadable: (problem, at) => Protocol.closing(Probe.onUnreadable(problem, at) as Reply)
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

const command =
  <const T extends Tag, R = never>(tag: T, handler: Command.Handler<Command.RequestOf<Probe, T>, Reply, R>) =>
  () =>
    Promise.resolve({ default: Command.layer(Probe, tag, handler) })

const noting =
  <const T extends Tag, R = never>(
    tag: T,
    make: (stage: Stage["Service"]) => Command.Handler<Command.RequestOf<Probe, T>, Reply, R>
  ) =>
  () =>
    Promise.resolve({ default: Command.layer(Probe, tag, Effect.map(Stage, make)) })

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
      (request) =>
        Command.later((done) => {
          happenings.note(`later ${request.gate}`)
          if (request.gate === "thrown") throw new Error("thrown by a command")
          const answer =
            {
              dead: Exit.die(new Error("a command gave up")),
              long: Exit.succeed(
                Effect.gen(function* () {
                  happenings.note("long made")
                  const { portion } = yield* Server.LongReply
                  yield* portion(5, Effect.succeed("said "))
                  yield* portion(4, Effect.succeed("long"))
                  return []
                })
              )
            }[request.gate] ?? Exit.succeed(said(request.gate))
          Effect.runFork(Effect.map(Deferred.await(gate(request.gate)), () => done(answer)))
        })
  ),
  big: noting("big", ({ happenings }) => ({ size }) => {
    happenings.note("big")
    return said("x".repeat(size))
  }),
  portions: noting(
    "portions",
    ({ happenings }) =>
      ({ count, ends, size }) =>
        Effect.gen(function* () {
          const { portion } = yield* Server.LongReply
          for (let i = 0; i < count; i++) {
            const text = i === 0 ? `said ${"x".repeat(size)}` : "x".repeat(size)
            yield* portion(
              size,
              Effect.sync(() => {
                happenings.note("portion")
                return text
              })
            )
          }
          happenings.note("portions written")
          return ends === "well" ? [] : yield* Effect.die(new Error("a command gave up"))
        })
  ),
  spin: command("spin", ({ time }) => {
    const end = performance.now() + time
    while (performance.now() < end);
    return []
  }),
  many: command("many", ({ count }) => Array.from({ length: count }, (_, i) => said(String(i)))),
  silent: command("silent", () => []),
  count: command("count", (_, connection: Context.Context<Session>) =>
    said(String(++Context.get(connection, Session).asked))
  ),
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
