/**
 * The items of Exon outside of its database: what a line of a file holds, in JSON or in CSV.
 *
 * An item has the fields `name`, `comments`, `author`, `date` (ISO 8601 with an offset or Z) and `id`. Only the name has
 * to be there when it comes back. The id is not taken back: the database gives its own, in the order of the file.
 */
import { Effect, Exit, Schema, SchemaGetter, SchemaIssue } from "effect"
import { type Item, maxComments } from "./Item.ts"
import * as Moment from "./Moment.ts"

/** JSON lines, an object a line; or CSV as RFC 4180 has it, with a line of headers. */
export const Format = Schema.Literals(["jsonl", "csv"])
export type Format = typeof Format.Type

/** The format that the ending of a file's name tells. */
export const formatOf = (path: string): Format | undefined =>
  /\.(?:jsonl|ndjson)$/i.test(path) ? "jsonl" : /\.csv$/i.test(path) ? "csv" : undefined

/** The fields in the order in which they are written. */
export const fields = ["name", "comments", "author", "date", "id"] as const

/** An item as it is written. */
export const toRecord = ({ author, comments, date, id, name }: Item) => ({
  name,
  comments,
  author,
  date: new Date(date).toISOString(),
  id
})

/** An item that came from elsewhere; what was left out is undefined. */
export interface Imported {
  readonly name: string
  readonly comments: string
  readonly author: string | undefined
  /** In milliseconds since 1970. */
  readonly date: number | undefined
}

const Text = Schema.String.check(
  Schema.makeFilter((text: string) => text.isWellFormed(), { expected: "well-formed Unicode" })
)

// As `add` takes a name, save that here it may hold quotes: an inventory has monitors of 24".
const Name = Text.check(
  Schema.makeFilter((name: string) => name.trim() !== "", { expected: "a name that is not empty" }),
  Schema.makeFilter((name: string) => !name.trim().includes("\n"), { expected: "a name in one line" })
)

const Comments = Text.check(
  Schema.makeFilter((comments: string) => Buffer.byteLength(comments) <= maxComments, {
    expected: `at most ${maxComments / 1024} KiB`
  })
)

const DateText = Schema.String.pipe(
  Schema.decodeTo(Schema.Number, {
    decode: SchemaGetter.transformEffect((text: string) => {
      const moment = Moment.parse(text, "none")
      return moment === undefined
        ? Effect.fail(
            new SchemaIssue.InvalidValue({
              message: "Expected a date and time with an offset, such as 2026-01-31T13:45:00Z"
            })
          )
        : Effect.succeed(moment)
    }),
    encode: SchemaGetter.transform((moment: number) => new Date(moment).toISOString())
  })
)

const Fields = Schema.Struct({
  name: Name.pipe(Schema.annotateKey({ messageMissingKey: "missing" })),
  comments: Schema.optionalKey(Schema.NullOr(Comments)),
  author: Schema.optionalKey(Schema.NullOr(Text)),
  date: Schema.optionalKey(Schema.NullOr(DateText)),
  id: Schema.optionalKey(Schema.Unknown)
}).annotate({ messageUnexpectedKey: `no field of an item, which has ${fields.join(", ")}` })

// A field of another name is one misspelt, and would be lost without a word.
const decode = Schema.decodeUnknownExit(Fields, { errors: "all", onExcessProperty: "error" })

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** Reads the fields of an item, or says in one line what is wrong with them. */
export const read = (fields: unknown): Imported | string =>
  Exit.match(decode(fields), {
    onSuccess: ({ author, comments, date, name }) => ({
      name: name.trim(),
      comments: comments ?? "",
      author: author === "" || author === null ? undefined : author,
      date: date ?? undefined
    }),
    onFailure: (cause) =>
      cause.reasons
        .flatMap((reason) =>
          reason._tag === "Fail" && Schema.isSchemaError(reason.error)
            ? issuesOf(reason.error.issue).issues.map(tell)
            : []
        )
        .join("; ")
  })

const tell = ({ message, path }: ReturnType<typeof issuesOf>["issues"][number]): string =>
  path === undefined || path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`
