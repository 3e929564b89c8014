import { assert, describe, it } from "@effect/vitest"
import { ApplicationId, PathType } from "../../../src/protocols/sec-lsm-manager/Application.ts"
import * as Label from "../../../src/protocols/sec-lsm-manager/Label.ts"

const file: Label.Kind = { directory: false, executable: false }
const program: Label.Kind = { directory: false, executable: true }
const directory: Label.Kind = { directory: true, executable: false }

const label = (value: string) => ({ "security.SMACK64": value })
const transmuting = (value: string) => ({ ...label(value), "security.SMACK64TRANSMUTE": "TRUE" })

/** The table of the notes: the label on a file, on a program, on a directory. */
const table: Record<PathType, readonly [Label.Attributes, Label.Attributes, Label.Attributes]> = {
  default: [{}, {}, {}],
  conf: [label("App:demo:Conf"), label("App:demo:Conf"), label("App:demo:Conf")],
  data: [label("App:demo:Data"), label("App:demo:Data"), transmuting("App:demo:Data")],
  exec: [
    label("App:demo:Exec"),
    { ...label("App:demo:Exec"), "security.SMACK64EXEC": "App:demo" },
    label("App:demo:Exec")
  ],
  http: [label("App:demo:Http"), label("App:demo:Http"), transmuting("App:demo:Http")],
  icon: [label("App:demo:Icon"), label("App:demo:Icon"), label("App:demo:Icon")],
  id: [label("App:demo"), label("App:demo"), transmuting("App:demo")],
  lib: [label("App:demo:Lib"), label("App:demo:Lib"), transmuting("App:demo:Lib")],
  plug: [label("App:demo:Plug"), label("App:demo:Plug"), label("App:demo:Plug")],
  public: [label("System:Shared"), label("System:Shared"), transmuting("System:Shared")]
}

describe("Label", () => {
  it.prop(
    "holds the application's id and nothing of another, except on public paths",
    [PathType, ApplicationId],
    ([type, id]) => {
      for (const kind of [file, program, directory]) {
        const attributes = Label.of(type, id, kind)
        const smack64 = attributes["security.SMACK64"]
        if (type === "default") assert.deepStrictEqual(attributes, {})
        else if (type === "public") assert.strictEqual(smack64, "System:Shared")
        else assert.match(`${smack64}:`, new RegExp(`^App:${id}:`))
        assert.strictEqual(
          attributes["security.SMACK64EXEC"],
          type === "exec" && kind.executable ? `App:${id}` : undefined
        )
      }
    }
  )

  for (const type of PathType.literals) {
    it(`of type ${type} is the one of the table`, () => {
      assert.deepStrictEqual(
        [file, program, directory].map((kind) => Label.of(type, "demo", kind)),
        [...table[type]]
      )
    })
  }
})
