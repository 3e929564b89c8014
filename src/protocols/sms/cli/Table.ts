/**
 * The table `[sms]` of the configuration file, as it is shown: without its tokens, and whatever else may be a secret.
 */
import { Schema } from "effect"
import type * as Setting from "../../../cli/Setting.ts"
import * as TomlText from "../../../cli/TomlText.ts"
import { Configuration, defaults, Program } from "../Configuration.ts"

const { commands: _commands, programs: _programs, tokens: _tokens, ...fields } = Configuration.fields
const Plain = Schema.Struct(fields)

export const table: Setting.Table<Configuration> = {
  name: "sms",
  schema: Configuration,
  defaults,
  lines: (file) => {
    const { commands, programs, tokens, ...plain } = file.of(table)
    const originOf = (...path: ReadonlyArray<string | number>) => file.originOf(["sms", ...path]) ?? "default"
    return [
      ...Object.entries(Schema.encodeSync(Plain)(plain)).map(
        ([key, value]) => `${key} = ${TomlText.value(value)} # ${originOf(key)}`
      ),
      ...Object.keys(tokens).map((role) => `# tokens.${role} is hidden # ${originOf("tokens", role)}`),
      // Only a command knows which of its keys are secrets.
      ...Object.keys(commands).map(
        (name) => `# commands.${TomlText.key(name)} is hidden # ${originOf("commands", name)}`
      ),
      ...programs.flatMap((program, index) => {
        const { environment, ...others } = Schema.encodeSync(Program)(program)
        return [
          "",
          `[[sms.programs]] # ${originOf("programs", index)}`,
          ...Object.entries(others).map(([key, value]) => `${key} = ${TomlText.value(value)}`),
          ...Object.keys(environment ?? {}).map((name) => `# environment.${TomlText.key(name)} is hidden`)
        ]
      })
    ]
  }
}
