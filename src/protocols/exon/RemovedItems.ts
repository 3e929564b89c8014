/**
 * The items that connections have removed lately.
 *
 * A long reply is read when it is its turn to be written. The requests behind it have been carried out by then, and may
 * have removed what it is about. It still shows that, as its place among the connection's requests demands. What other
 * connections have removed meanwhile, it leaves out.
 */
import type { Item } from "./Item.ts"

/** Removed items of at most `maxSize` characters together; the oldest go first. `size` is that of all `items`. */
export class RemovedItems {
  private readonly items = new Map<number, { readonly item: Item; readonly session: object }>()
  private size = 0

  private readonly maxSize: number

  constructor(maxSize: number) {
    this.maxSize = maxSize
  }

  /** Keeps an item that this session has removed. */
  add(item: Item, session: object): void {
    this.items.set(item.id, { item, session })
    this.size += sizeOf(item)
    for (const [id, { item }] of this.items) {
      if (this.size <= this.maxSize) break
      this.items.delete(id)
      this.size -= sizeOf(item)
    }
  }

  /** The item with this id, if this session has removed it. */
  get(id: number, session: object): Item | undefined {
    const removed = this.items.get(id)
    return removed?.session === session ? removed.item : undefined
  }
}

/** About what an item takes, apart from its texts. */
const overhead = 256

const sizeOf = ({ comments, name }: Item): number => name.length + comments.length + overhead
