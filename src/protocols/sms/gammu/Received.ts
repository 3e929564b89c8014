/** A text that Gammu has received, whole: its parts, if it had several, are joined. */
export interface Received {
  readonly number: string
  readonly text: string
}

/** A part of a text, or all of it. */
export interface Part extends Received {
  /** What it has in common with the other parts of the same text. */
  readonly of: string
  /** Its place among them. */
  readonly place: number
}

/** Joins the parts of each text. The texts are in the order of their first parts; what has no text is left out. */
export const join = (parts: ReadonlyArray<Part>): ReadonlyArray<Received> =>
  [...Map.groupBy(parts, ({ number, of }) => `${of} ${number}`).values()].flatMap((parts) => {
    const text = parts
      .toSorted((one, other) => one.place - other.place)
      .map(({ text }) => text)
      .join("")
    return text === "" ? [] : { number: parts[0]!.number, text }
  })
