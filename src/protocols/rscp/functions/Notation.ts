/** Numbers in other bases, and quantities in other units. */
import { define, type Definition } from "./Definition.ts"
import { Binary, Hexadecimal, Integer, Real, UnitSymbol } from "./Parameter.ts"
import { otherKindOfUnit } from "./Refusal.ts"

export const functions: ReadonlyArray<Definition> = [
  define(140, "HEX(N)", [Integer], (n) => n.toString(16).toUpperCase()),
  define(141, "FROMHEX(DIGITS)", [Hexadecimal], (n) => n),
  define(142, "BIN(N)", [Integer], (n) => n.toString(2)),
  define(143, "FROMBIN(DIGITS)", [Binary], (n) => n),
  define(150, "CONVERT(X, FROM, TO)", [Real, UnitSymbol, UnitSymbol], (x, from, to) =>
    from.kind === to.kind ? from.to(x, to) : otherKindOfUnit
  )
]
