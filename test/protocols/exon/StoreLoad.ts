/** What a loaded store is asked to keep: the same for who asks and for who looks afterwards. */
import { who } from "./StoreModel.ts"

/** The item at a place in the load, and the comment that it gets, if any. */
export const loadOf = (round: string, at: number) => ({
  item: {
    name: `${round}-${at}`,
    comments: `first${at} ${"of many ".repeat(at % 100)}line\nand another`,
    ...who
  },
  comment: at % 3 === 0 ? `later${at} ${"é".repeat(at % 200)}` : undefined
})

/** The place in the load that a name comes from. */
export const placeOf = (name: string) => {
  const [round, at] = name.split("-")
  return { round: round!, at: Number(at) }
}
