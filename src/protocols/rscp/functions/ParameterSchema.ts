/**
 * The Schema of a parameter, between its text on the wire and what is read from it.
 *
 * Pure: imports only `effect` and `decimal.js`.
 */
import { Effect, Schema, SchemaGetter, SchemaIssue } from "effect"
import type { Parameter } from "./Parameter.ts"
import { Refusal } from "./Refusal.ts"

export const of = <A>(parameter: Parameter<A>): Schema.Codec<A, string> =>
  Schema.String.pipe(
    Schema.decodeTo(Schema.declare(parameter.is, { expected: parameter.description }), {
      decode: SchemaGetter.transformEffect((text: string) => {
        const value = parameter.read(text)
        return value instanceof Refusal
          ? Effect.fail(new SchemaIssue.InvalidValue({ message: value.reason }))
          : Effect.succeed(value)
      }),
      encode: SchemaGetter.transform((value: A) => parameter.write(value))
    })
  )
