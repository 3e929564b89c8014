/**
 * How much of a server's work is traced. Tracing is off unless a program provides another share than the default.
 */
import { Context } from "effect"

/** Share of connections and requests that get spans, from 0 to 1. */
export class TraceSampling extends Context.Reference<number>("wireline/TraceSampling", {
  defaultValue: () => 0
}) {}
