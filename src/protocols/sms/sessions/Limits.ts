/**
 * How much a command may keep in the storage of a session.
 */
import { StorageFull } from "./NumberSession.ts"

/** The most keys of one command. */
export const maxKeys = 64

/** The most characters of a key, as JavaScript counts them. */
export const maxKeyLength = 128

/** The most bytes of a value, in UTF-8. */
export const maxValueBytes = 4096

/** One key too many. */
export const tooManyKeys = () => new StorageFull({ text: "session storage full" })

/** Why this cannot be kept, if it cannot, whatever else is. */
export const problemWith = (key: string, value: string): StorageFull | undefined =>
  key.length === 0 || key.length > maxKeyLength
    ? new StorageFull({ text: "bad key in session storage" })
    : Buffer.byteLength(value) > maxValueBytes
      ? new StorageFull({ text: "value too long for session storage" })
      : undefined
