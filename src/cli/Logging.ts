/**
 * What `wireline` logs, an entry each: on a terminal a line for people, elsewhere a line of JSON for what collects logs.
 *
 * An entry has its `timestamp`, its `level`, its `message`, and what it is about, as far as there is such a thing: the
 * `protocol`, the `peer`, the `request` (`17-4` is the fourth frame of the protocol's 17th connection), the `number` of a
 * texter, and so on. The `cause` of an error of Wireline's own comes last, with its stack. Whatever is `Redacted` stays so.
 */
import { Formatter, Layer, Logger, References } from "effect"
import { styleText } from "node:util"
import { printable } from "./Printable.ts"

/** An entry before it is written. */
interface Entry {
  readonly timestamp: string
  readonly level: string
  readonly message: string
  readonly about: Readonly<Record<string, unknown>>
  readonly cause: string | undefined
}

const entry: Logger.Logger<unknown, Entry> = Logger.map(
  Logger.formatStructured,
  ({ annotations, cause, level, message, spans, timestamp }) => ({
    timestamp,
    level,
    message: (Array.isArray(message) ? message : [message]).map(textOf).join(" "),
    about: { ...annotations, ...spans },
    cause
  })
)

const textOf = (value: unknown): string => (typeof value === "string" ? value : Formatter.formatJson(value))

/** A line of JSON, for programs. */
export const json: Logger.Logger<unknown, string> = Logger.map(
  entry,
  ({ about, cause, level, message, timestamp }) =>
    Formatter.formatJson({ timestamp, level, message, ...about, cause })
)

/**
 * A line for people: the local time, the level, the message, and what it is about; a cause below it. Of what others have
 * said, nothing reaches the terminal that it would take for an order.
 */
export const text: Logger.Logger<unknown, string> = Logger.map(
  entry,
  ({ about, cause, level, message, timestamp }) => {
    const name = level.padEnd(5)
    const line = [
      localTime(new Date(timestamp)),
      styleText(colors[level] ?? "dim", name, { stream: process.stderr }),
      printable(message),
      ...Object.entries(about).map(([key, value]) => `${key}=${printable(textOf(value))}`)
    ].join(" ")
    return cause === undefined
      ? line
      : [line, ...cause.split("\n").map((line) => `  ${printable(line)}`)].join("\n")
  }
)

const colors: Readonly<Record<string, "red" | "yellow" | "green">> = {
  FATAL: "red",
  ERROR: "red",
  WARN: "yellow",
  INFO: "green"
}

const localTime = (date: Date): string =>
  new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 23).replace("T", " ")

/** Writes to standard error as suits whoever reads it. */
export const logger: Logger.Logger<unknown, void> = Logger.withConsoleError(
  process.stderr.isTTY ? text : json
)

/** What a protocol's Layers need so that all that they log is about it, be there a connection or not. */
export const about = (protocol: string): Layer.Layer<never> =>
  Layer.succeed(References.CurrentLogAnnotations, { protocol })
