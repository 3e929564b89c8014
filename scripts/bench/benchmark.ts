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
}

export interface Benchmark {
  readonly name: string
  /** The module that exports the protocol's `conversation`, as a URL. */
  readonly conversation: string
  readonly subject: Contender
  readonly baseline: Contender
  readonly scenarios: ReadonlyArray<Scenario>
  readonly idle: { readonly connections: number; readonly targetKiB: number }
  readonly startSeconds: number
}

export const nameOf = (scenario: Scenario): string => `${scenario.connections}x${scenario.inFlight}`
