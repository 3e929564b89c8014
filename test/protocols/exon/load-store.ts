/**
 * Loads a store until it is killed, and says on standard output what the store has answered. `Durability.test.ts`
 * starts it.
 *
 *     node load-store.ts FILE ROUND
 */
import { writeSync } from "node:fs"
import { Effect } from "effect"
import { Store } from "../../../src/protocols/exon/Store.ts"
import { withStore } from "./OpenStore.ts"
import { loadOf } from "./StoreLoad.ts"

const [filename, round] = process.argv.slice(2)

let said = 0

/** The lines are numbered from 1, so that it is quick to see how many there are. */
const say = (line: string) => Effect.sync(() => void writeSync(1, `${++said} ${line}\n`))

const program = Effect.gen(function* () {
  const store = yield* Store
  let at = 0
  const client = Effect.gen(function* () {
    for (;;) {
      const { comment, item } = loadOf(round!, at++)
      const { id } = yield* store.add(item)
      yield* say(`added ${id} ${item.name}`)
      if (comment !== undefined) {
        yield* store.comment({ ...item, id, comments: comment })
        yield* say(`commented ${id} ${item.name}`)
      } else if (id % 5 === 0) {
        yield* store.remove({ ...item, id })
        yield* say(`removed ${id} ${item.name}`)
      }
    }
  })
  yield* Effect.all(
    Array.from({ length: 32 }, () => client),
    { concurrency: "unbounded" }
  )
})

await Effect.runPromise(withStore({ filename: filename! })(program))
