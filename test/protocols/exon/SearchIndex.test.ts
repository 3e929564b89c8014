/** What a search finds. The model's searches are in `Store.test.ts`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Words from "../../../src/protocols/exon/Words.ts"
import { Store } from "../../../src/protocols/exon/Store.ts"
import { searched, together, withStore } from "./OpenStore.ts"
import { who } from "./StoreModel.ts"

const names = [
  "Fusion éngine",
  "Ångström gauge",
  "Ёлка",
  "ΣΊΣΥΦΟΣ",
  "Straße 12",
  "don't_panic",
  "東京タワー",
  "\u{1e922}\u{1e923} Adlam",
  "a AND b NOT c NEAR words:x"
]

const stocked = Effect.gen(function* () {
  const store = yield* Store
  yield* together(names.map((name) => store.add({ name, comments: "", ...who })))
  return (text: string) => Effect.map(searched(text), (items) => items.map(({ name }) => name).toReversed())
})

describe("A search", () => {
  it.effect("finds any word or beginning of a word, without regard to case or accents", () =>
    Effect.gen(function* () {
      const search = yield* stocked
      for (const [text, ...found] of [
        ["engine", names[0]],
        ["ENG fus", names[0]],
        ["ENGINÉ", names[0]],
        ["angstrom", names[1]],
        ["елка", names[2]],
        ["σίσυφος", names[3]],
        ["ΣΙΣ", names[3]],
        ["strass", names[4]],
        ["1", names[4]],
        ["panic", names[5]],
        ["don't", names[5]],
        ["東京", names[6]],
        ["\u{1e900}", names[7]],
        ["a", names[1], names[7], names[8]]
      ] as ReadonlyArray<ReadonlyArray<string>>) {
        assert.deepStrictEqual(yield* search(text!), found, text)
      }
    }).pipe(withStore())
  )

  it.effect("finds nothing by the middle of a word, by half of the words, or by no word", () =>
    Effect.gen(function* () {
      const search = yield* stocked
      for (const text of ["ngine", "fusion gauge", "京", "enginee", "", " ", `"`, "*", "_", "“”", "\0"]) {
        assert.deepStrictEqual(yield* search(text), [], text)
      }
    }).pipe(withStore())
  )

  it.effect("takes nothing for syntax", () =>
    Effect.gen(function* () {
      const search = yield* stocked
      for (const text of [
        `"fusion`,
        "fusion*",
        "words:fusion",
        "^fusion",
        "(fusion",
        "fusion\0",
        "{words}: fusion"
      ]) {
        assert.deepStrictEqual(yield* search(text), text.includes("words") ? [] : [names[0]], text)
      }
      for (const text of ["fusion OR gauge", "fusion NOT gauge", "NEAR(fusion engine)"]) {
        assert.deepStrictEqual(yield* search(text), [], text)
      }
      assert.deepStrictEqual(yield* search("not near and"), [names[8]])
    }).pipe(withStore())
  )

  it.effect("takes a text of any length", () =>
    Effect.gen(function* () {
      const search = yield* stocked
      assert.deepStrictEqual(yield* search("fusion ".repeat(9000)), [names[0]])
      assert.deepStrictEqual(yield* search("x".repeat(65_000)), [])
      assert.deepStrictEqual(yield* search(Array.from({ length: 9000 }, (_, at) => `w${at}`).join(" ")), [])
    }).pipe(withStore())
  )

  it.effect.prop(
    "finds an item by every word of it, and by every beginning",
    [Schema.String, Schema.String],
    ([name, comments]) =>
      Effect.gen(function* () {
        const store = yield* Store
        yield* store.add({ name: `${name} name`, comments: "", ...who })
        yield* store.comment({ id: 1, comments, ...who })
        for (const word of Words.of(`${name} ${comments}`)) {
          for (const text of [word, word.toUpperCase(), Array.from(word)[0]!]) {
            // What a character is without its neighbours may be no word at all.
            if (Words.of(text).size === 0) continue
            assert.lengthOf(yield* searched(text), 1, text)
          }
        }
        assert.lengthOf(yield* searched(`${name} ${comments} NAME`), 1)
      }).pipe(withStore())
  )

  it.effect("follows comments and removals", () =>
    Effect.gen(function* () {
      const search = yield* stocked
      const store = yield* Store
      const answers = yield* together([
        search("rusty"),
        store.comment({ id: 1, comments: "Rusty", ...who }),
        search("rusty fusion"),
        store.remove({ id: 1, ...who }),
        search("rusty"),
        search("fusion")
      ])
      assert.deepStrictEqual(answers, [[], true, [names[0]], true, [], []])
    }).pipe(withStore())
  )

  it.effect("is not filled with what was removed, be it just added or long there", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const add = (name: string) => store.add({ name: `item ${name}`, comments: "", ...who })
      const numbers = Array.from({ length: 60 }, (_, at) => at + 1)
      yield* together([add("kept"), ...numbers.map((number) => add(`${number}`))])
      yield* together(numbers.map((number) => store.remove({ id: number + 1, ...who })))
      yield* together([
        ...numbers.map((number) => add(`${number}`)),
        ...numbers.map((number) => store.remove({ id: number + 61, ...who }))
      ])
      assert.deepStrictEqual(
        (yield* searched("item")).map(({ id }) => id),
        [1]
      )
    }).pipe(withStore())
  )

  it.effect("brings the fifty newest, newest first", () =>
    Effect.gen(function* () {
      const store = yield* Store
      yield* together(
        Array.from({ length: 130 }, (_, at) => store.add({ name: `item ${at}`, comments: "", ...who }))
      )
      assert.deepStrictEqual(
        (yield* searched("item")).map(({ id }) => id),
        Array.from({ length: 50 }, (_, at) => 130 - at)
      )
    }).pipe(withStore())
  )
})
