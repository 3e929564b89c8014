/** Messages with other values in the places of their values, for properties that hold of most values only. */

/** What a message becomes when its numbers and strings become others. */
export const mapLeaves = <Message>(
  message: Message,
  number: (value: number) => number,
  string: (value: string) => string
): Message => {
  const map = (value: unknown): unknown => {
    if (typeof value === "number") return number(value)
    if (typeof value === "string") return string(value)
    if (Array.isArray(value)) return value.map(map)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, map(each)]))
  }
  // Numbers become numbers, and strings become strings.
  return map(message) as Message
}

/** A message with 0 for every -0, which no text tells apart. */
export const withPositiveZeros = <Message>(message: Message): Message =>
  mapLeaves(
    message,
    (number) => number + 0,
    (text) => text
  )
