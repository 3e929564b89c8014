import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Attributes } from "../../../src/protocols/sec-lsm-manager/Label.ts"
import * as ExtendedAttributes from "../../../src/protocols/sec-lsm-manager/ExtendedAttributes.ts"

const Path = Schema.String.check(Schema.isPattern(/^\/[^\0\ud800-\udfff]{1,30}$/))
const Value = Schema.Array(Schema.Literals(["App:a", "", "TRUE", "\u00ff\u0000=0x\n"]))

/** As `getfattr -h --absolute-names -d -e hex` prints it: a backslash and ends of lines in octal. */
const dumpOf = (files: ReadonlyArray<readonly [path: string, value: string]>): Buffer =>
  Buffer.from(
    files
      .map(([path, value]) => {
        const quoted = path.replaceAll("\\", "\\134").replaceAll("\n", "\\012").replaceAll("\r", "\\015")
        return `# file: ${quoted}\nsecurity.SMACK64=0x${Buffer.from(value, "latin1").toString("hex")}\n\n`
      })
      .join("")
  )

describe("ExtendedAttributes", () => {
  it.prop("reads back any path and any bytes from a dump", [Schema.Array(Path), Value], ([paths, values]) => {
    const files = new Map<string, string>(
      paths.map((path, index) => [path, values[index % values.length] ?? ""])
    )
    const parsed = ExtendedAttributes.parseDump(dumpOf([...files]))
    assert.deepStrictEqual(
      [...parsed],
      [...files].map<[string, Attributes]>(([path, value]) => [path, { "security.SMACK64": value }])
    )
  })

  it("takes only the attributes of labels, and one without a value for empty", () => {
    const dump = Buffer.from(`# file: /a\\134b
security.SMACK64=0x4170703a61
security.SMACK64EXEC
security.SMACK64MMAP=0x00
security.SMACK64TRANSMUTE=0x54525545

# file: /c
security.SMACK64IPIN=0x00

`)
    assert.deepStrictEqual(
      [...ExtendedAttributes.parseDump(dump)],
      [
        [
          "/a\\b",
          { "security.SMACK64": "App:a", "security.SMACK64EXEC": "", "security.SMACK64TRANSMUTE": "TRUE" }
        ],
        ["/c", {}]
      ]
    )
  })
})
