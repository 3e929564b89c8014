/**
 * The items of the Exon benchmark: made of their number, so that every process of it knows what is in the database, and
 * the item with the id `n` is the `n`-th.
 *
 * All of them share some words, so that a search for the beginning of one has all 100,000 to choose from.
 */

/** How many items there are before anything is measured. */
export const itemCount = 100_000

export interface NewItem {
  readonly name: string
  readonly comments: string
}

const words = "engine fusion lamp screw box cable paint brush panel drill motor wheel".split(" ")
const word = (at: number): string => words[at % words.length]!

export const itemOf = (n: number): NewItem => ({
  name: `${word(n)} number ${n}`,
  comments: `Found underneath room ${n % 97}, ${word(n * 7)} and ${word(n * 5)} attached.`
})

/** From words that all items have, over common and rare ones, to none at all. */
export const searches: ReadonlyArray<string> = [
  "e",
  "found",
  "underneath attached",
  "found attached number",
  "Engine",
  "motor 12",
  "lamp motor room 33",
  "number 77777",
  "99",
  "nothing such"
]

/** The ids that a search has to find, newest first: slow and simple. */
export const idsFound = (text: string): ReadonlyArray<number> => {
  const wanted = text.toLowerCase().split(" ")
  const ids: Array<number> = []
  for (let id = itemCount; id >= 1 && ids.length < 50; id--) {
    const { comments, name } = itemOf(id)
    const held = `${name} ${comments}`.toLowerCase().split(/\W+/)
    if (wanted.every((beginning) => held.some((each) => each.startsWith(beginning)))) ids.push(id)
  }
  return ids
}

/** Ids drawn at random, evenly from all items; the same ones for the same seed (a linear congruential generator). */
export const idsDrawn = (count: number, seed: number): ReadonlyArray<number> => {
  let state = (seed + 1) >>> 0
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * itemCount) + 1
  })
}
