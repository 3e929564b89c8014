/** Imports into a store of their own, and what is there afterwards. */
import { assert } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import * as AuditTrail from "../../../src/protocols/exon/AuditTrail.ts"
import * as Export from "../../../src/protocols/exon/Export.ts"
import * as Import from "../../../src/protocols/exon/Import.ts"
import * as Records from "../../../src/protocols/exon/Records.ts"
import { SearchIndex } from "../../../src/protocols/exon/SearchIndex.ts"
import { Store } from "../../../src/protocols/exon/Store.ts"
import type { Format } from "../../../src/protocols/exon/Transfer.ts"
import * as Sqlite from "../../../src/storage/Sqlite.ts"
import { listed } from "./OpenStore.ts"

/** Runs a program on an empty store, and on its database and index. */
export const onEmptyStore = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.provide(
    program,
    Store.layer().pipe(
      Layer.provideMerge(SearchIndex.layerFts5),
      Layer.provideMerge(Sqlite.layer({ filename: ":memory:" }))
    ),
    { local: true }
  )

export const exported = (format: Format) =>
  Effect.map(Stream.runCollect(Export.run(format)), (pieces) => pieces.join(""))

/** Imports a file that comes in chunks of so many bytes. */
export const imported = (file: string | Uint8Array, format: Format, chunk = 7) => {
  const bytes = Buffer.from(file)
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    bytes.subarray(at * chunk, (at + 1) * chunk)
  )
  return Import.run(Records.decode(Stream.fromIterable(chunks), format))
}

/** Expects that it is refused for these reasons, and that nothing is there then but what was there before. */
export const refuses = <E, R>(
  run: Effect.Effect<number, E, R>,
  problems: ReadonlyArray<readonly [number, string]>
) =>
  Effect.gen(function* () {
    const state = Effect.all([exported("jsonl"), Stream.runCollect(AuditTrail.read()), words])
    const before = yield* state
    const error = yield* Effect.flip(run)
    assert.instanceOf(error, Import.Refused)
    assert.deepStrictEqual(
      error.problems.map(({ place, problem }) => [place, problem] as const),
      problems
    )
    assert.deepStrictEqual(yield* state, before)
    return error.count
  })

export const words = SqlClient.SqlClient.use((sql) => sql`SELECT rowid FROM exon_search`)

export const contents = Effect.map(listed(1), (items) =>
  items.toReversed().map(({ author, comments, date, name }) => ({ name, comments, author, date }))
)
