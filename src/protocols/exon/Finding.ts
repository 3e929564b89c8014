/**
 * The commands that answer with many items. Where these are short, the reply is one like any other. Where they are long
 * (50 items of 256 KiB of comments at most), they are read, made and sent a few at a time, as the peer takes them.
 */
import { Effect, Schema } from "effect"
import * as Command from "../../Command.ts"
import type * as Protocol from "../../Protocol.ts"
import { LongReply } from "../../LongReply.ts"
import { maxComments } from "./Item.ts"
import { Available, Exon, Failed, Found, Item, NotFound, type Reply } from "./Protocol.ts"
import { toReply } from "./Session.ts"
import { type Asking, type Found as StoredFound, type Measured, Store } from "./Store.ts"

/** A command that finds items. */
export const command = <const T extends "list" | "search">(
  tag: T,
  ask: (request: Command.RequestOf<typeof Exon, T>, store: Store["Service"]) => Asking<StoredFound>
) =>
  Command.layer(
    Exon,
    tag,
    Effect.map(
      Store,
      (store) => (request: Command.RequestOf<typeof Exon, T>) =>
        ask(request, store).pipe(
          Effect.flatMap((found): Effect.Effect<Protocol.Answer<Reply>> =>
            found._tag === "Short"
              ? Effect.succeed(Found.make({ data: found.items.map(toReply) }))
              : write(found.items, store)
          ),
          // The store has logged why.
          Effect.catch(() => Effect.succeed(Failed.make({ data: null })))
        )
    )
  )

const write = Effect.fnUntraced(function* (found: ReadonlyArray<Measured>, store: Store["Service"]) {
  const { portion } = yield* LongReply
  let before = opening
  const portions = portionsOf(found)
  for (const [i, items] of portions.entries()) {
    const isLast = i === portions.length - 1
    yield* portion(
      items.reduce((sum, { size }) => sum + size, 0),
      // In the middle of a line there is no other reply.
      Effect.map(Effect.orDie(store.read(items)), (items) => {
        let text = ""
        for (const item of items) {
          text += before + encodeItem(toReply(item))
          before = ","
        }
        if (!isLast) return text
        // All of them may have been removed since they were found.
        return text + (before === opening ? opening : "") + ending
      })
    )
  }
  return []
})

/** Writes a long item that was asked for by its number, as it is when it is its turn to be written. */
export const writeItem = Effect.fnUntraced(function* (item: Measured, store: Store["Service"]) {
  const { portion } = yield* LongReply
  yield* portion(
    item.size,
    Effect.map(Effect.orDie(store.read([item])), ([item]) =>
      Exon.encodeReply(
        item === undefined ? NotFound.make({ data: "" }) : Available.make({ data: toReply(item) })
      )
    )
  )
  return []
})

const encodeItem = Schema.encodeSync(Schema.fromJsonString(Item))

// The reply without items, and so what stands around them.
const empty = Exon.encodeReply(Found.make({ data: [] }))
const middle = empty.lastIndexOf("]")
const opening = empty.slice(0, middle)
const ending = empty.slice(middle)

/** The items in portions of about the longest there may be, so that each takes some milliseconds. */
const portionsOf = (items: ReadonlyArray<Measured>): ReadonlyArray<ReadonlyArray<Measured>> => {
  const portions: Array<Array<Measured>> = []
  let size = Number.POSITIVE_INFINITY
  for (const item of items) {
    size += item.size
    if (size > maxComments) {
      portions.push([])
      size = item.size
    }
    portions.at(-1)!.push(item)
  }
  return portions
}
