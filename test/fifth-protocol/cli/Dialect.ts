import * as Dialect from "../../../src/cli/connect/Dialect.ts"
import * as Notation from "../../../src/cli/connect/Notation.ts"
import { Kv } from "../Protocol.ts"

/** Kv, as people type and read it. */
export const kv = Dialect.make(Kv, { notation: Notation.words })
