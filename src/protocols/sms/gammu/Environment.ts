/**
 * What Gammu SMSD tells the program that it runs on receipt of a text (`RunOnReceive`), in its environment:
 * `SMS_MESSAGES`, and for each of so many messages, from 1, `SMS_1_NUMBER` and `SMS_1_TEXT`. These are the parts of a
 * text, if it has several; joined by Gammu itself they are in `DECODED_PARTS` variables such as `DECODED_0_TEXT`.
 *
 * SMSD must run in a locale of UTF-8 (`LC_ALL=C.UTF-8`): in any other it tells `?` for what is not ASCII.
 *
 * Pure.
 */
import * as Received from "./Received.ts"

type Variables = Readonly<Record<string, string | undefined>>

/**
 * The texts in an environment; `undefined` where it is none of SMSD's, and none for what has no text in it, such as a
 * picture.
 */
export const read = (variables: Variables): ReadonlyArray<Received.Received> | undefined => {
  if (!isCount(variables["SMS_MESSAGES"])) return undefined
  const parts = numbered(Number(variables["SMS_MESSAGES"])).flatMap((place): ReadonlyArray<Received.Part> => {
    const number = variables[`SMS_${place}_NUMBER`]
    return number === undefined || number === ""
      ? []
      : [{ number, text: variables[`SMS_${place}_TEXT`] ?? "", of: "", place }]
  })
  const decoded = decodedOf(variables)
  return decoded === "" || parts[0] === undefined
    ? Received.join(parts)
    : [{ number: parts[0].number, text: decoded }]
}

/** The documentation of Gammu counts these from 0, its version 1.42 from 1. */
const decodedOf = (variables: Variables): string => {
  const count = variables["DECODED_PARTS"]
  return isCount(count)
    ? [0, ...numbered(Number(count))].map((place) => variables[`DECODED_${place}_TEXT`] ?? "").join("")
    : ""
}

const isCount = (text: string | undefined): text is string => text !== undefined && /^\d{1,4}$/.test(text)

/** 1 to `count`. */
const numbered = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i + 1)
