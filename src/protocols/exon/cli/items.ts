/**
 * `wireline exon`: the items of Exon out of a file, and into one. It works with and without a server on the data
 * directory.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Console, Effect, Layer, Option, Schema, Stdio, type Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { createReadStream } from "node:fs"
import * as Export from "../Export.ts"
import * as Import from "../Import.ts"
import * as OriginalDatabase from "../OriginalDatabase.ts"
import * as Records from "../Records.ts"
import { SearchIndex } from "../SearchIndex.ts"
import { migrate } from "../Tables.ts"
import { Format, formatOf } from "../Transfer.ts"
import * as DataDatabase from "../../../cli/DataDatabase.ts"
import { location } from "../../../cli/DataSetting.ts"
import * as Output from "../../../cli/Output.ts"
import { printable } from "../../../cli/Printable.ts"

const format = Flag.Literals("format", Format.literals).pipe(
  Flag.withMetavar("jsonl|csv"),
  Flag.withDescription("JSON lines or CSV (default: what the file's ending tells)"),
  Flag.optional
)

/** A file's ending does not tell its format. */
class UnknownFormat extends Schema.TaggedError<UnknownFormat>()("UnknownFormat", {
  path: Schema.String
}) {
  override get message(): string {
    return `${this.path} ends neither in .jsonl nor in .csv; tell the format with --format jsonl or --format csv`
  }
}

/** A file cannot be read. */
class UnreadableFile extends Schema.TaggedError<UnreadableFile>()("UnreadableFile", {
  path: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `cannot read ${this.path}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

const chosen = (format: Option.Option<Format>, path: string): Effect.Effect<Format, UnknownFormat> => {
  const known = Option.getOrElse(format, () => formatOf(path))
  return known === undefined ? Effect.fail(new UnknownFormat({ path })) : Effect.succeed(known)
}

const exportItems = Command.make(
  "export",
  {
    file: Argument.String("file").pipe(
      Argument.withMetavar("FILE"),
      Argument.withDescription("The file to write (default: standard output)"),
      Argument.optional
    ),
    format,
    ...location
  },
  Effect.fnUntraced(function* ({ file, format }) {
    if (Option.isSome(file)) {
      const text = Export.run(yield* chosen(format, file.value))
      yield* migrate
      return yield* Output.toFile(text, file.value)
    }
    yield* migrate
    yield* Output.toStandardOutput(Export.run(Option.getOrElse(format, () => "jsonl" as const)))
  })
).pipe(
  Command.withDescription("Write all items, in the order of their ids"),
  Command.provide(({ data }) => DataDatabase.layerExisting(data)),
  Command.withExamples([
    {
      command: "wireline exon export items.csv",
      description: "Write a file, of the format that its ending tells"
    },
    { command: "wireline exon export | jq .name", description: "Write JSON lines to standard output" }
  ])
)

const importItems = Command.make(
  "import",
  {
    file: Argument.String("file").pipe(
      Argument.withMetavar("FILE"),
      Argument.withDescription("Items with name, and if they like comments, author and date (ISO 8601)")
    ),
    format,
    fromSqlite: Flag.Boolean("from-sqlite").pipe(
      Flag.withDefault(false),
      Flag.withDescription("FILE is a database of the original Exon")
    ),
    ...location
  },
  Effect.fnUntraced(function* ({ file, format, fromSqlite }) {
    const records: Stream.Stream<Records.Record, OriginalDatabase.NotOriginal | UnreadableFile> = fromSqlite
      ? OriginalDatabase.records(file)
      : fromFile(file, yield* chosen(format, file))
    const progress = yield* progressLine
    const count = yield* Import.run(records, progress.show).pipe(
      Effect.onExit(() => progress.clear),
      Effect.tapErrorTag("Refused", (refused) => name(refused, fromSqlite ? "item" : "line"))
    )
    yield* Console.log(`imported ${count === 1 ? "1 item" : `${count} items`}`)
  })
).pipe(
  Command.withDescription("Add the items of a file, all of them or none"),
  Command.provide(({ data }) =>
    Layer.merge(Layer.effectDiscard(migrate), SearchIndex.layerFts5).pipe(
      Layer.provideMerge(DataDatabase.layer(data))
    )
  ),
  Command.withExamples([
    { command: "wireline exon import items.jsonl", description: "Add the items of a file" },
    {
      command: "wireline exon import --from-sqlite /var/lib/exon/exon.db",
      description: "Take over the items of the original Exon"
    }
  ])
)

const fromFile = (path: string, format: Format) =>
  Records.decode(
    NodeStream.fromReadable({
      evaluate: () => createReadStream(path),
      onError: (cause) => new UnreadableFile({ path, cause })
    }),
    format
  )

/** Names the bad lines, each in a line. */
const name = ({ count, problems }: Import.Refused, what: "item" | "line") =>
  Console.error(
    [
      ...problems.map(({ place, problem }) => `${what} ${place}: ${printable(problem)}`),
      ...(count > problems.length ? [`and ${count - problems.length} more`] : [])
    ].join("\n")
  )

/** A line on standard error that is written over and over, where that is a terminal. */
const progressLine = Effect.gen(function* () {
  const isShown = yield* (yield* Stdio.Stdio).stderrIsTerminal
  const put = (text: string) => Effect.sync(() => void process.stderr.write(`\r${text}\u001b[K`))
  let shownAt = 0
  return {
    show: ({ items, phase }: Import.Progress) =>
      Effect.suspend(() => {
        if (!isShown || performance.now() - shownAt < 100) return Effect.void
        shownAt = performance.now()
        return put(`${phase} ${items} items`)
      }),
    clear: isShown ? put("") : Effect.void
  }
})

/** The subcommand and its own. */
export const items = Command.make("exon").pipe(
  Command.withDescription("Bring the items of Exon into a file, and back"),
  Command.withSubcommands([exportItems, importItems]),
  Command.withExamples([
    { command: "wireline exon export items.csv", description: "Write all items as CSV" },
    { command: "wireline exon import items.jsonl", description: "Add the items of a file" },
    {
      command: "wireline exon import --from-sqlite /var/lib/exon/exon.db",
      description: "Take over the items of the original Exon"
    }
  ])
)
