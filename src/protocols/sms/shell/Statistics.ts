/**
 * What a shell has done since it was started: for `stats`, and as the metric `wireline_sms_commands_total`.
 */
import { Context, DateTime, type Duration, Effect, Metric } from "effect"

export class Statistics extends Context.Service<
  Statistics,
  {
    /** Counts a message that was answered, by the command that it named, if there is one of that name. */
    readonly count: (command: string | undefined, isError: boolean) => Effect.Effect<void>
    /** How many messages there were, how many of them were answered with an error, and for how long it runs. */
    readonly read: Effect.Effect<{
      readonly messages: number
      readonly errors: number
      readonly uptime: Duration.Duration
    }>
  }
>()("wireline/sms/Statistics") {}

const executed = Metric.counter("wireline_sms_commands_total", {
  description: "Texts that the shell has answered, by command and outcome",
  incremental: true
})

export const make: Effect.Effect<Statistics["Service"]> = Effect.map(DateTime.now, (started) => {
  let messages = 0
  let errors = 0
  /** There are as many as commands; made once each, for that takes longer than counting. */
  const counters = {
    ok: new Map<string, Metric.Counter<number>>(),
    error: new Map<string, Metric.Counter<number>>()
  }
  const counterOf = (outcome: "ok" | "error", command: string): Metric.Counter<number> => {
    const found = counters[outcome].get(command)
    if (found !== undefined) return found
    const counter = Metric.withAttributes(executed, { command, outcome })
    counters[outcome].set(command, counter)
    return counter
  }
  return {
    count: (command = "none", isError) =>
      Effect.suspend(() => {
        messages++
        if (isError) errors++
        return Metric.update(counterOf(isError ? "error" : "ok", command), 1)
      }),
    read: Effect.map(DateTime.now, (now) => ({ messages, errors, uptime: DateTime.distance(started, now) }))
  }
})
