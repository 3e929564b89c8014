/**
 * Values as TOML writes them, each in a line.
 */

type Value = string | number | boolean | ReadonlyArray<Value> | { readonly [key: string]: Value }

/** Strings as basic strings, tables as inline tables. */
export const value = (value: Value): string => {
  if (typeof value === "string") return string(value)
  if (typeof value !== "object") return String(value)
  if (isArray(value)) return `[${value.map(format).join(", ")}]`
  const entries = Object.entries(value).map(([name, value]) => `${key(name)} = ${format(value)}`)
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`
}

const format = (each: Value): string => value(each)

const isArray = (value: object): value is ReadonlyArray<Value> => Array.isArray(value)

/** A key, in quotes where it needs them. */
export const key = (name: string): string => (/^[A-Za-z0-9_-]+$/.test(name) ? name : string(name))

// JSON escapes what TOML does, save for this one.
const string = (text: string): string => JSON.stringify(text).replaceAll("\u007F", "\\u007F")
