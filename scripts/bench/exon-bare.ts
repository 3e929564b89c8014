/**
 * The yardstick of the Exon benchmark, a process of its own: a loop over prepared statements of `node:sqlite`, on a copy
 * of the database that Wireline filled, with the same settings. It has no network, no framing, no parser and nobody to
 * answer, so nothing that serves can come near 1. Prints one line of JSON.
 *
 *     node scripts/bench/exon-bare.ts --work add --file DIR/wireline.db --from 100001 --count 10240 --warm-up 2560
 *
 * | work | for each |
 * | --- | --- |
 * | `add` | the rows that Wireline writes: the item with its unique folded name, the audit trail, the full-text index |
 * | `add-item` | the row of the item alone |
 * | `id` | the SELECT by id, and the text of the reply |
 *
 * Adding commits every 256 items: as many as 16 connections with 16 in flight can have waiting at a time.
 */
import { DatabaseSync } from "node:sqlite"
import { parseArgs } from "node:util"
import * as ItemDate from "../../src/protocols/exon/ItemDate.ts"
import { idsDrawn, itemOf } from "./exon-items.ts"
import { machineSeconds } from "./proc.ts"

/** Rate per second; processor use as a share of one core (0 to 1). */
export interface BareReport {
  readonly rate: number
  readonly serverCpu: number
  readonly othersCpu: number
}

const batch = 256

const { values: options } = parseArgs({
  options: {
    work: { type: "string", default: "add" },
    file: { type: "string", default: "" },
    /** The number of the first item to add; for `id`, what to draw the ids from. */
    from: { type: "string", default: "100001" },
    count: { type: "string", default: "10240" },
    "warm-up": { type: "string", default: "0" }
  }
})

const db = new DatabaseSync(options.file)
db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")

let characters = 0

/** Counts the text of a reply, so that it has to be made. */
const reply = (text: string): void => {
  characters += text.length
}

// The quickest of several ways that were tried. Above all no statement of the loop has RETURNING: SQLite protects such a
// one by a savepoint, at which FTS5 writes out what it has gathered, so that every item becomes a segment of the index
// and the loop takes three times as long.
const adder = (isWhole: boolean) => {
  const item = db.prepare(
    `INSERT INTO exon_item (name, folded, comments, author, added_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (folded) DO NOTHING`
  )
  const audit = db.prepare("INSERT INTO exon_audit (at, event, author, address, item) VALUES (?, ?, ?, ?, ?)")
  const index = db.prepare("INSERT INTO exon_search (rowid, words) VALUES (?, ?)")

  const addBatch = (from: number, end: number): void => {
    const added: Array<{ readonly id: number | bigint; readonly words: string; readonly now: number }> = []
    db.exec("BEGIN IMMEDIATE")
    for (let n = from; n < end; n++) {
      const { comments, name } = itemOf(n)
      const now = Date.now()
      const { changes, lastInsertRowid } = item.run(name, name.toLowerCase(), comments, "anon", now)
      if (changes !== 1) throw new Error(`${name} is there already`)
      added.push({ id: lastInsertRowid, words: `${name}\n${comments}`, now })
    }
    if (isWhole) {
      for (const { id, now } of added) audit.run(now, "add", "anon", "unix", id)
      for (const { id, words } of added) index.run(id, words)
    }
    db.exec("COMMIT")
    for (const { id } of added) {
      reply(JSON.stringify({ status: "success", message: "New item registered", data: id }))
    }
  }
  return (from: number, count: number): void => {
    const end = from + count
    for (let start = from; start < end; start += batch) addBatch(start, Math.min(start + batch, end))
  }
}

const reader = () => {
  const byId = db.prepare("SELECT id, name, comments, author, added_at FROM exon_item WHERE id = ?")
  return (from: number, count: number): void => {
    for (const wanted of idsDrawn(count, from)) {
      const row = byId.get(wanted)
      if (row === undefined) throw new Error(`there is no item ${wanted}`)
      const { added_at, author, comments, id, name } = row
      const data = { name, id, date: ItemDate.format(Number(added_at)), comments, author }
      reply(JSON.stringify({ status: "success", message: "Item is available.", data }))
    }
  }
}

const work = options.work === "id" ? reader() : adder(options.work === "add")
const from = Number(options.from)
const count = Number(options.count)
const warmUp = Number(options["warm-up"])
work(from, warmUp)

const machineBefore = machineSeconds()
const processorBefore = process.cpuUsage()
const begin = performance.now()
work(from + warmUp, count)
const seconds = (performance.now() - begin) / 1000
const { system, user } = process.cpuUsage(processorBefore)
const used = (system + user) / 1e6
const machine = machineSeconds() - machineBefore
db.close()
if (characters === 0) throw new Error("nothing was done")

const report: BareReport = {
  rate: count / seconds,
  serverCpu: used / seconds,
  othersCpu: Math.max(0, machine - used) / seconds
}
console.log(JSON.stringify(report))
