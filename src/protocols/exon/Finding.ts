/**
 * Replies that show items. Short ones are replies like any other. Long ones (50 items of 256 KiB of comments at most) are
 * Streams: items are read when it is their turn, a few at a time, as the peer takes them, and shown as they were when
 * the request was carried out.
 */
import { Effect, Schema, Stream } from "effect"
import type * as Command from "../../Command.ts"
import * as Protocol from "../../Protocol.ts"
import { maxComments } from "./Item.ts"
import { Available, Exon, Found, Item, NotFound, type Reply } from "./Protocol.ts"
import { orFailed, toReply, type State } from "./Session.ts"
import type { Found as StoredFound, Item as StoredItem, MeasuredItem, Store } from "./Store.ts"

/** A reply, or a long one that is still to be read. */
export type Answer = Reply | Command.Production<Reply>

/** Answers with an item. */
export const item = (
  found: StoredItem | MeasuredItem | undefined,
  store: Store["Service"],
  session: State
): Answer => {
  if (found === undefined) return NotFound.make({ data: "" })
  if ("name" in found) return Available.make({ data: toReply(found) })
  return Stream.fromEffect(
    store.read([found], session).pipe(
      Effect.map(([item]) =>
        item === undefined ? NotFound.make({ data: "" }) : Available.make({ data: toReply(item) })
      ),
      orFailed
    )
  )
}

/** Answers with the items of a list or a search. */
export const items = (found: StoredFound, store: Store["Service"], session: State): Answer =>
  found._tag === "Short"
    ? Found.make({ data: found.items.map(toReply) })
    : Stream.fromIterable(portionsOf(found.items)).pipe(
        // In the middle of a frame there is no other reply.
        Stream.mapEffect((portion) => Effect.orDie(store.read(portion, session))),
        // All items of a portion may have been removed since they were found.
        Stream.filter((items) => items.length > 0),
        Stream.zipWithIndex,
        Stream.map(([items, at]) =>
          Protocol.fragment((at === 0 ? "" : ",") + items.map((item) => encodeItem(toReply(item))).join(","))
        ),
        (fragments) => Stream.concat(Stream.make(opening), fragments),
        Stream.concat(Stream.make(ending))
      )

const encodeItem = Schema.encodeSync(Schema.fromJsonString(Item))

// The reply without items, and so what stands around them.
const empty = Exon.encodeReply(Found.make({ data: [] }))
const middle = empty.lastIndexOf("]")
const opening = Protocol.fragment(empty.slice(0, middle))
const ending = Protocol.lastFragment(empty.slice(middle))

/** The items in portions of at most the longest item, so that each takes some milliseconds. */
const portionsOf = (items: ReadonlyArray<MeasuredItem>): ReadonlyArray<ReadonlyArray<MeasuredItem>> => {
  const portions: Array<Array<MeasuredItem>> = []
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
