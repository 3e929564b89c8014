/**
 * What frames of RESP say: commands as lists of words, and values. Text has one character per byte.
 */

/** A value of RESP 2 or 3. */
export type RespValue =
  | { readonly _tag: "simple" | "error" | "bulk" | "bulk-error"; readonly text: string }
  | { readonly _tag: "verbatim"; readonly format: string; readonly text: string }
  | { readonly _tag: "integer" | "big-number"; readonly value: bigint }
  | { readonly _tag: "double"; readonly value: number }
  | { readonly _tag: "boolean"; readonly value: boolean }
  | { readonly _tag: "null" }
  | { readonly _tag: "array" | "set" | "push"; readonly items: ReadonlyArray<RespValue> }
  | { readonly _tag: "map"; readonly entries: ReadonlyArray<readonly [RespValue, RespValue]> }

/**
 * The words of a command: of an array of bulk strings, or of an inline command, which may have quotes as in
 * `redis-cli`. Nothing where the frame is neither.
 */
export const respWords = (frame: string): ReadonlyArray<string> | undefined =>
  frame.startsWith("*") ? arrayWords(frame) : frame.endsWith("\r\n") ? undefined : inlineWords(frame)

const arrayWords = (frame: string): ReadonlyArray<string> | undefined => {
  const words: Array<string> = []
  for (let at = frame.indexOf("\n") + 1; at < frame.length;) {
    if (frame.charCodeAt(at) !== DOLLAR) return undefined
    let length = 0
    for (at++; ; at++) {
      const digit = frame.charCodeAt(at) - ZERO
      if (!(digit >= 0 && digit <= 9)) break
      length = length * 10 + digit
    }
    // Not a null string, and not a frame that is cut short.
    if (frame.charCodeAt(at) !== CR) return undefined
    words.push(frame.slice(at + 2, at + 2 + length))
    at += length + 4
  }
  return words
}

const CR = 0x0d
const DOLLAR = 0x24
const ZERO = 0x30

/** A word: parts that are bare, or in quotes that a space or the end must follow. */
const inlineWord =
  /(?:"(?:[^"\\]|\\[^])*"(?![^ \t\r\n\v\f])|'(?:[^'\\]|\\'|\\(?!'))*'(?![^ \t\r\n\v\f])|[^ \t\r\n\v\f"'])+/y
const inlineSpace = /[ \t\r\n\v\f]*/y
const inlinePart = /"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\'|\\(?!'))*)'|([^"']+)/g
const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\u0007" }

const inlineWords = (line: string): ReadonlyArray<string> | undefined => {
  const words: Array<string> = []
  for (let at = skipSpace(line, 0); at < line.length; at = skipSpace(line, inlineWord.lastIndex)) {
    inlineWord.lastIndex = at
    const [word] = inlineWord.exec(line) ?? []
    if (word === undefined) return undefined
    words.push(
      word.replace(inlinePart, (_, double?: string, single?: string, bare?: string) =>
        double === undefined ? (bare ?? single!.replaceAll("\\'", "'")) : unescape(double)
      )
    )
  }
  return words
}

const skipSpace = (line: string, at: number): number => {
  inlineSpace.lastIndex = at
  inlineSpace.test(line)
  return inlineSpace.lastIndex
}

const unescape = (text: string): string =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|([^]))/g, (_, code?: string, character?: string) =>
    code === undefined ? (escapes[character!] ?? character!) : String.fromCharCode(Number.parseInt(code, 16))
  )

/** The frame of a command: an array of bulk strings. */
export const respCommand = (words: ReadonlyArray<string>): string => {
  let frame = `*${words.length}\r\n`
  for (const word of words) frame += `$${word.length}\r\n${word}\r\n`
  return frame
}

/** How deep values may be nested that `parseResp` reads. */
const maxDepth = 512

/** The value of a frame, without its attributes; nothing where the frame is not one complete value. */
export const parseResp = (frame: string): RespValue | undefined => {
  const reader = { frame, at: 0 }
  const value = readValue(reader, 0)
  return reader.at === frame.length ? value : undefined
}

interface Reader {
  readonly frame: string
  at: number
}

const readValue = (reader: Reader, depth: number): RespValue | undefined => {
  if (depth > maxDepth) return undefined
  const type = reader.frame[reader.at]
  const end = reader.frame.indexOf("\r\n", reader.at)
  if (type === undefined || end < 0) return undefined
  const line = reader.frame.slice(reader.at + 1, end)
  reader.at = end + 2
  switch (type) {
    case "+":
      return { _tag: "simple", text: line }
    case "-":
      return { _tag: "error", text: line }
    case ":":
    case "(":
      return /^[+-]?\d+$/.test(line)
        ? { _tag: type === ":" ? "integer" : "big-number", value: BigInt(line.replace("+", "")) }
        : undefined
    case ",":
      return readDouble(line)
    case "#":
      return line === "t" || line === "f" ? { _tag: "boolean", value: line === "t" } : undefined
    case "_":
      return line === "" ? { _tag: "null" } : undefined
    case "$":
    case "!":
    case "=":
      return line === "-1" && type === "$" ? { _tag: "null" } : readBulk(reader, type, line)
    case "*":
    case "~":
    case ">":
    case "%":
    case "|":
      return line === "-1" && type === "*" ? { _tag: "null" } : readItems(reader, type, line, depth)
  }
  return undefined
}

const readDouble = (line: string): RespValue | undefined => {
  const special = { inf: Infinity, "-inf": -Infinity, nan: NaN }[line]
  if (special !== undefined) return { _tag: "double", value: special }
  return /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/.test(line)
    ? { _tag: "double", value: Number(line) }
    : undefined
}

const isCount = (line: string): boolean => /^\d{1,10}$/.test(line)

const readBulk = (reader: Reader, type: "$" | "!" | "=", line: string): RespValue | undefined => {
  const end = reader.at + Number(line)
  if (!isCount(line) || !reader.frame.startsWith("\r\n", end)) return undefined
  const text = reader.frame.slice(reader.at, end)
  reader.at = end + 2
  if (type === "$") return { _tag: "bulk", text }
  if (type === "!") return { _tag: "bulk-error", text }
  return text[3] === ":" ? { _tag: "verbatim", format: text.slice(0, 3), text: text.slice(4) } : undefined
}

const readItems = (
  reader: Reader,
  type: "*" | "~" | ">" | "%" | "|",
  line: string,
  depth: number
): RespValue | undefined => {
  if (!isCount(line)) return undefined
  const isMap = type === "%" || type === "|"
  const items: Array<RespValue> = []
  for (let missing = Number(line) * (isMap ? 2 : 1); missing > 0; missing--) {
    const item = readValue(reader, depth + 1)
    if (item === undefined) return undefined
    items.push(item)
  }
  // An attribute precedes the value that it says more of.
  if (type === "|") return readValue(reader, depth + 1)
  if (!isMap) return { _tag: ({ "*": "array", "~": "set", ">": "push" } as const)[type], items }
  const entries: Array<readonly [RespValue, RespValue]> = []
  for (let at = 0; at < items.length; at += 2) entries.push([items[at]!, items[at + 1]!])
  return { _tag: "map", entries }
}

/**
 * The frame of a value.
 *
 * **Gotchas**
 *
 * The text of `simple` and `error` must not contain CR or LF. `null` is the null string of RESP 2.
 */
export const formatResp = (value: RespValue): string => {
  switch (value._tag) {
    case "simple":
      return `+${value.text}\r\n`
    case "error":
      return `-${value.text}\r\n`
    case "bulk":
      return formatBulk("$", value.text)
    case "bulk-error":
      return formatBulk("!", value.text)
    case "verbatim":
      return formatBulk("=", `${value.format}:${value.text}`)
    case "integer":
      return `:${value.value}\r\n`
    case "big-number":
      return `(${value.value}\r\n`
    case "double":
      return `,${formatDouble(value.value)}\r\n`
    case "boolean":
      return value.value ? "#t\r\n" : "#f\r\n"
    case "null":
      return "$-1\r\n"
    case "map":
      return `%${value.entries.length}\r\n${value.entries.map((entry) => entry.map(formatResp).join("")).join("")}`
    case "array":
    case "set":
    case "push":
      return `${aggregates[value._tag]}${value.items.length}\r\n${value.items.map(formatResp).join("")}`
  }
}

const aggregates = { array: "*", set: "~", push: ">" } as const

const formatBulk = (type: string, text: string): string => `${type}${text.length}\r\n${text}\r\n`

const formatDouble = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"
