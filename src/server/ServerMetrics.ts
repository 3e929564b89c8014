/**
 * What a server counts: its connections, its requests by command and outcome, and how long they took. These are plain
 * numbers, because every request counts; Effect's metrics read them on demand.
 *
 * | metric | labels | unit | what it is |
 * | --- | --- | --- | --- |
 * | `wireline_connections_open` | `protocol` | connections | those that are being served |
 * | `wireline_connections_total` | `protocol` | connections | those that were accepted |
 * | `wireline_connections_refused_total` | `protocol` | connections | those closed at once because there were too many |
 * | `wireline_requests_total` | `protocol`, `command`, `outcome` | requests | those answered: `ok`, `error`, `died` |
 * | `wireline_request_duration_seconds` | `protocol`, `command` | seconds | a histogram of the time until the answer was there |
 * | `wireline_frames_unreadable_total` | `protocol` | frames | those that were no request |
 *
 * `error` is what the protocol calls one (`Protocol.isError`); `died` is a handler that died. The time that a reply waits for
 * its peer counts in none of these. Answers that are waited for are timed one by one. Answers that are given at once are
 * timed in stretches, one stretch in eight, and each of them and of the stretches before counts with the mean: reading the
 * clock takes as long as some answers.
 */
import { type Context, Effect, Metric, type Scope } from "effect"

/** The upper bounds of the histogram's buckets, in seconds. */
const boundaries = [0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

/** One stretch in this many is timed. */
const sampled = 8

/** How requests for one command went. */
export class CommandMetrics {
  readonly outcomes = { ok: 0, error: 0, died: 0 }
  /** How many were answered at once since the last stretch that was timed. */
  untimed = 0
  private readonly buckets = boundaries.map(() => 0)
  private count = 0
  private sum = 0
  private min = 0
  private max = 0

  /** Counts requests that took this many seconds each. */
  took(seconds: number, times = 1): void {
    let bucket = 0
    while (bucket < boundaries.length && seconds > boundaries[bucket]!) bucket++
    if (bucket < boundaries.length) this.buckets[bucket]! += times
    if (this.count === 0 || seconds < this.min) this.min = seconds
    if (seconds > this.max) this.max = seconds
    this.count += times
    this.sum += seconds * times
  }

  get durations(): Metric.HistogramState {
    let cumulated = 0
    return {
      buckets: boundaries.map((boundary, at) => [boundary, (cumulated += this.buckets[at]!)]),
      count: this.count,
      sum: this.sum,
      min: this.min,
      max: this.max
    }
  }
}

/** What one server counts. */
export class ServerMetrics {
  /** Connections: those that are being served, all that were accepted, and those that there was no place for. */
  open = 0
  accepted = 0
  refused = 0
  invalid = 0
  private readonly commands = new Map<string, CommandMetrics>()
  /** Those that have answered at once since the last stretch that was timed. */
  private readonly untimed: Array<CommandMetrics> = []
  private stretches = 0
  private answers = 0
  /** Since when the stretch lasts, in milliseconds, where it is timed; whether it is timed; the last mean in seconds. */
  private since = 0
  private isTimed = false
  private mean = 0
  private readonly protocol: string
  private readonly context: Context.Context<never>
  private readonly registrations: Array<Metric.Registration> = []

  constructor(protocol: string, context: Context.Context<never>) {
    this.protocol = protocol
    this.context = context
    this.gauge("wireline_connections_open", "Connections that are being served", () => this.open)
    this.counter("wireline_connections_total", "Connections that have been accepted", () => this.accepted)
    this.counter(
      "wireline_connections_refused_total",
      "Connections closed at once because there were too many",
      () => this.refused
    )
    this.counter("wireline_frames_unreadable_total", "Frames that were no request", () => this.invalid)
  }

  /** The metrics of one command. */
  of(command: string): CommandMetrics {
    return this.commands.get(command) ?? this.add(command)
  }

  /** Begins a stretch of answers that are given at once. */
  beginStretch(): void {
    this.answers = 0
    this.isTimed = this.stretches++ % sampled === 0 || this.mean === 0
    this.since = this.isTimed ? performance.now() : 0
  }

  /** An answer of the stretch. */
  answered(command: CommandMetrics): void {
    this.answers++
    if (command.untimed++ === 0) this.untimed.push(command)
  }

  /** Ends the stretch. */
  endStretch(): void {
    if (!this.isTimed || this.answers === 0) return
    this.mean = (performance.now() - this.since) / 1000 / this.answers
    this.settle()
  }

  /** Counts what was not timed with the mean of what was. */
  private settle(): void {
    for (const command of this.untimed) {
      command.took(this.mean, command.untimed)
      command.untimed = 0
    }
    this.untimed.length = 0
  }

  /** Takes the metrics back. */
  remove(): void {
    for (const registration of this.registrations) registration.remove()
  }

  private add(command: string): CommandMetrics {
    const metrics = new CommandMetrics()
    this.commands.set(command, metrics)
    for (const outcome of ["ok", "error", "died"] as const) {
      this.counter(
        "wireline_requests_total",
        "Requests that have been answered",
        () => metrics.outcomes[outcome],
        {
          command,
          outcome
        }
      )
    }
    this.register(
      Metric.histogram("wireline_request_duration_seconds", {
        description: "How long it took until the answer was there",
        attributes: { protocol: this.protocol, command },
        boundaries
      }),
      () => {
        this.settle()
        return metrics.durations
      }
    )
    return metrics
  }

  private counter(id: string, description: string, count: () => number, labels: Record<string, string> = {}) {
    const attributes = { protocol: this.protocol, ...labels }
    this.register(Metric.counter(id, { description, attributes, incremental: true }), () => ({
      count: count(),
      incremental: true
    }))
  }

  private gauge(id: string, description: string, value: () => number) {
    this.register(Metric.gauge(id, { description, attributes: { protocol: this.protocol } }), () => ({
      value: value()
    }))
  }

  private register<Input, State>(metric: Metric.Metric<Input, State>, get: () => State) {
    this.registrations.push(
      Metric.registerUnsafe(metric, this.context, { get, update: () => {}, modify: () => {} })
    )
  }
}

/** The metrics of a server of this protocol, registered until the scope closes. */
export const make = (protocol: string): Effect.Effect<ServerMetrics, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(Effect.context(), (context) => new ServerMetrics(protocol, context)),
    (metrics) => Effect.sync(() => metrics.remove())
  )
