/**
 * What one protocol's benchmark consists of, as pure data: `run.ts` measures any of them.
 */

/** Where a freshly started server finds its files: the directory is its own, and empty. */
export interface Place {
  readonly directory: string
  readonly socket: string
}

/** A server that takes part. */
export interface Contender {
  readonly name: string
  readonly command: (place: Place) => ReadonlyArray<string>
  /** More arguments for the measurement with thousands of connections. */
  readonly forManyConnections: ReadonlyArray<string>
  /** Whether a line of its standard output says that it serves now. */
  readonly isReady: (line: string, place: Place) => boolean
}

/** A load: so many connections, with so many unanswered requests on each. */
export interface Scenario {
  readonly connections: number
  readonly inFlight: number
  /** The share of the baseline's rate that the subject has to reach. */
  readonly target: number
  /** How many requests a second it has to reach instead, whatever the baseline does. */
  readonly rateTarget?: number
}

export interface Benchmark {
  readonly name: string
  /** What the names of its parts begin with. */
  readonly prefix: string
  /** The module that exports the protocol's `conversation`, as a URL. */
  readonly conversation: string
  readonly subject: Contender
  readonly baseline: Contender
  readonly scenarios: ReadonlyArray<Scenario>
  /** What idle connections may take, where that is measured. */
  readonly idle?: { readonly connections: number; readonly targetKiB: number }
  /** How many connections are open while requests are measured one at a time, where that is measured. */
  readonly connections?: ReadonlyArray<number>
  /** How long the start may take, where that is measured. */
  readonly startSeconds?: number
}

export const nameOf = ({ prefix }: Benchmark, { connections, inFlight }: Scenario): string =>
  `${prefix}${connections}x${inFlight}`

export const connectionsPart = ({ prefix }: Benchmark, count: number): string =>
  `${prefix}connections-${count}`

/** What can be measured of a benchmark. */
export const partsOf = (benchmark: Benchmark): ReadonlyArray<string> => [
  ...benchmark.scenarios.map((scenario) => nameOf(benchmark, scenario)),
  ...(benchmark.connections ?? []).map((count) => connectionsPart(benchmark, count)),
  ...(benchmark.idle === undefined ? [] : [`${benchmark.prefix}memory`]),
  ...(benchmark.startSeconds === undefined ? [] : [`${benchmark.prefix}start`])
]
