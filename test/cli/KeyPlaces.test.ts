/** Where keys stand in a TOML text, and values as TOML writes them. */
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Toml from "effect/encoding/Toml"
import * as KeyPlaces from "../../src/cli/KeyPlaces.ts"
import * as TomlText from "../../src/cli/TomlText.ts"

/** TOML is UTF-8, which has no half of a surrogate pair. */
const Text = Schema.String.check(Schema.makeFilter((text) => text.isWellFormed()))
const Scalar = Schema.Union([Text, Schema.Int, Schema.Boolean])
const Inline = Schema.Record(Text, Schema.Union([Scalar, Schema.Array(Scalar)]))
const Value = Schema.Union([Scalar, Schema.Array(Schema.Union([Scalar, Inline])), Inline])

/** A table of which no key has to be given twice. */
const Table = Schema.Record(Text, Value)

const parsed = (text: string) => Result.getOrThrow(Toml.parse(text))

/** What begins at a place. */
const from = (text: string, { column, line }: KeyPlaces.Place) =>
  text.split("\n")[line - 1]!.slice(column - 1)

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Expects every key and every element of a value to be where the places tell. */
const assertAt = (text: string, places: KeyPlaces.Places, path: KeyPlaces.Path, value: unknown): void => {
  const place = places.exact(path)
  assert.isDefined(place, JSON.stringify(path))
  const key = path.at(-1)!
  const rest = from(text, place!)
  if (typeof key === "string") assert.isTrue(rest.startsWith(TomlText.key(key)), `${key} at ${rest}`)
  else if (typeof value === "string") assert.isTrue(rest.startsWith(TomlText.value(value)), rest)
  else if (!isTable(value)) assert.isTrue(rest.startsWith(String(value)), rest)
  if (Array.isArray(value))
    for (const [index, each] of value.entries()) assertAt(text, places, [...path, index], each)
  if (isTable(value))
    for (const [name, each] of Object.entries(value)) assertAt(text, places, [...path, name], each)
}

describe("A TOML text", () => {
  it.prop(
    "is read as the values that were written, each key where its place tells",
    [Table, Table, Text],
    ([above, table, name]) => {
      const lines = (values: typeof above) =>
        Object.entries(values).map(
          ([key, value]) => `  ${TomlText.key(key)} = ${TomlText.value(value)} # = [x]`
        )
      // The table's name is no key that is above it.
      const header = `-${name}`
      const text = [
        ...lines(above).filter((_, index) => Object.keys(above)[index] !== header),
        `[ ${TomlText.key(header)} ]`,
        ...lines(table)
      ].join("\n")
      const places = KeyPlaces.of(text)
      for (const [key, value] of Object.entries(parsed(text))) assertAt(text, places, [key], value)
      assert.strictEqual(JSON.stringify(parsed(text)[header]), JSON.stringify(table))
    }
  )

  it("has keys in every form that TOML has, and elements of arrays of tables", () => {
    const text = [
      "# [no.table]",
      'a.b."c d" = 1979-05-27 07:32:00 # not = here',
      '"""x""" = 1'.replace('"""x"""', '"x y"'),
      "text = '''",
      "hidden = 1",
      "[hidden]",
      "'''",
      'more = """',
      'hidden = \\"""',
      '""""',
      "[[t]]",
      "x = [",
      "  1, # ], }",
      "  { y = '}', z = [2] },",
      "]",
      "[[t]]",
      "[[t.u]]",
      "[t.u.v]",
      "w = inf"
    ].join("\n")
    assert.isTrue(Result.isSuccess(Toml.parse(text)))
    const { exact, nearest } = KeyPlaces.of(text)
    const at = (line: number, column: number) => ({ line, column })
    for (const [path, place] of [
      [["a"], at(2, 1)],
      [["a", "b", "c d"], at(2, 5)],
      [["x y"], at(3, 1)],
      [["text"], at(4, 1)],
      [["hidden"], undefined],
      [["more"], at(8, 1)],
      [["t"], at(11, 3)],
      [["t", 0], at(11, 3)],
      [["t", 0, "x", 0], at(13, 3)],
      [["t", 0, "x", 1, "y"], at(14, 5)],
      [["t", 0, "x", 1, "z", 0], at(14, 19)],
      [["t", 1], at(16, 3)],
      [["t", 1, "u", 0], at(17, 5)],
      [["t", 1, "u", 0, "v", "w"], at(19, 1)]
    ] as const) {
      assert.deepStrictEqual(exact(path), place, JSON.stringify(path))
    }
    assert.deepStrictEqual(nearest(["t", 0, "x", 1, "missing", 3]), at(14, 3))
    assert.deepStrictEqual(nearest(["nowhere"]), at(1, 1))
  })
})
