/**
 * Where the keys of a TOML text stand, which the parser does not tell.
 *
 * Only for a text that the parser has taken: here, nothing is checked.
 */
import { Option } from "effect"
import * as Toml from "effect/encoding/Toml"

/** Both count from 1; a column is a UTF-16 code unit, as in the parser's own errors. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Names of keys, and the numbers of what is in arrays. */
export type Path = ReadonlyArray<string | number>

/** Where they are. */
export interface Places {
  /** The place of a key, or of an element of an array, if there is one. */
  readonly exact: (path: Path) => Place | undefined
  /** Its place, or that of what it would be in. */
  readonly nearest: (path: Path) => Place
}

const pattern = {
  blank: /[ \t]*/y,
  blankLines: /(?:[ \t\r\n]|#[^\n]*)*/y,
  key: /"(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+/y,
  string: /"""(?:\\[^]|(?!""")[^])*"{3,5}|'''(?:(?!''')[^])*'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'/y,
  // A date may have a space before its time, so what ends a scalar is what may follow it.
  scalar: /[^,\]}#\n]*/y
}

/** Finds all keys, once. */
export const of = (text: string): Places => {
  const offsets = new Map<string, number>()
  const lengths = new Map<string, number>()
  let at = 0

  const take = (what: RegExp): string => {
    what.lastIndex = at
    const token = what.exec(text)?.[0] ?? ""
    at += token.length
    return token
  }

  const record = (path: Path, offset: number) => {
    const key = JSON.stringify(path)
    if (!offsets.has(key)) offsets.set(key, offset)
  }

  /** Dotted keys, up to what follows them; they are in the table at `base`. */
  const keys = (base: Path, into: (path: Path, isLast: boolean) => Path = (path) => path): Path => {
    let path = base
    for (;;) {
      take(pattern.blank)
      const offset = at
      const key = nameOf(take(pattern.key))
      take(pattern.blank)
      const isLast = text[at] !== "."
      path = [...path, key]
      record(path, offset)
      path = into(path, isLast)
      record(path, offset)
      if (isLast) return path
      at += 1
    }
  }

  const elementOf = (path: Path, isNew: boolean): Path => {
    const key = JSON.stringify(path)
    const length = (lengths.get(key) ?? 0) + (isNew ? 1 : 0)
    if (isNew) lengths.set(key, length)
    return length === 0 ? path : [...path, length - 1]
  }

  const header = (): Path => {
    const isArray = text.startsWith("[[", at)
    at += isArray ? 2 : 1
    const path = keys([], (path, isLast) => elementOf(path, isArray && isLast))
    at += isArray ? 2 : 1
    return path
  }

  const assignment = (base: Path) => {
    const path = keys(base)
    at += 1 // =
    take(pattern.blank)
    value(path)
  }

  const value = (path: Path): void => {
    if (text[at] === "[") {
      at += 1
      for (let index = 0; ; index++) {
        take(pattern.blankLines)
        if (text[at] === "]") break
        record([...path, index], at)
        value([...path, index])
        take(pattern.blankLines)
        if (text[at] === ",") at += 1
      }
      at += 1
    } else if (text[at] === "{") {
      at += 1
      for (;;) {
        take(pattern.blank)
        if (text[at] === "}") break
        assignment(path)
        take(pattern.blank)
        if (text[at] === ",") at += 1
      }
      at += 1
    } else if (take(pattern.string) === "") take(pattern.scalar)
  }

  let table: Path = []
  for (;;) {
    take(pattern.blankLines)
    if (at >= text.length) break
    if (text[at] === "[") table = header()
    else assignment(table)
  }

  const exact = (path: Path) => {
    const offset = offsets.get(JSON.stringify(path))
    return offset === undefined ? undefined : placeOf(text, offset)
  }
  const nearest = (path: Path): Place =>
    path.length === 0 ? { line: 1, column: 1 } : (exact(path) ?? nearest(path.slice(0, -1)))
  return { exact, nearest }
}

const placeOf = (text: string, offset: number): Place => {
  const before = text.slice(0, offset)
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") }
}

/** A key as it is without its quotes and escapes. */
const nameOf = (key: string): string =>
  /^["']/.test(key)
    ? Option.match(Option.getSuccess(Toml.parse(`${key} = 0`)), {
        onNone: () => key,
        onSome: (table) => Object.keys(table)[0] ?? key
      })
    : key
