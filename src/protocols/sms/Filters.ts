/**
 * What a message goes through before the shell sees it, and an answer before it is sent, as the configuration has it.
 *
 * Pure: imports only `effect`.
 */
import type { Configuration } from "./Configuration.ts"

export interface Filters {
  /** Whether this number may text this. */
  readonly admits: (number: string, text: string) => boolean
  /** The text as the shell is to see it. */
  readonly inbound: (text: string) => string
  /** The answer as it is to be sent. */
  readonly outbound: (output: string) => string
}

/** What a number may be at all, whatever is configured: short, and in one line. */
const number = /^[^\p{Cc}\p{Cs}]{1,32}$/u

/** The filters of a configuration. */
export const make = (configuration: Configuration): Filters => {
  const { allowed_numbers, allowed_texts, lower_case, max_answer } = configuration
  return {
    admits: (from, text) =>
      number.test(from) && matches(allowed_numbers, from) && matches(allowed_texts, text),
    inbound: (text) => lowered(text.toWellFormed(), lower_case),
    outbound: (output) => shortened(output, max_answer)
  }
}

const matches = (patterns: ReadonlyArray<RegExp>, text: string): boolean =>
  patterns.length === 0 || patterns.some((pattern) => pattern.test(text))

const lowered = (text: string, count: number): string => {
  if (count === 0) return text
  const characters = Array.from(text)
  return characters.slice(0, count).join("").toLowerCase() + characters.slice(count).join("")
}

/** In the alphabet of GSM, as an ellipsis of one character is not: it would make of ten texts more than twenty. */
const ellipsis = "..."

const shortened = (text: string, most: number): string => {
  if (text.length <= most) return text
  const characters = Array.from(text)
  return characters.length <= most ? text : characters.slice(0, most - ellipsis.length).join("") + ellipsis
}
