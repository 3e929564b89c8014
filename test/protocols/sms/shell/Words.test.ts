import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { CommandLine } from "effect/process"
import { spawnSync } from "node:child_process"
import * as Words from "../../../../src/protocols/sms/shell/Words.ts"

/** Text in which every character that means something to a shell turns up often; no NUL, which no shell can hold. */
const piece = Schema.Literals([
  " ",
  "\t",
  "\n",
  "'",
  '"',
  "\\",
  "$",
  "`",
  "#",
  "*",
  "~",
  ";",
  "|",
  "a",
  "é",
  "🙂",
  "\r"
])
const texts = Schema.Array(piece).pipe(Schema.check(Schema.isMaxLength(12)))

describe("The words of a command line", () => {
  it.prop("are what they were before they were quoted", [Schema.Array(texts)], ([pieces]) => {
    const words = pieces.map((parts) => parts.join(""))
    const line = Result.getOrThrow(CommandLine.join(words))
    assert.deepStrictEqual(Words.split(line), Result.succeed(words))
  })

  it.prop("of any text are split, or there is a reason why not", [Schema.String], ([line]) => {
    const words = Words.split(line)
    if (Result.isFailure(words))
      assert.include(["a quote is not closed", "a backslash at the end"], words.failure)
    else if (!/['"\\]/.test(line))
      assert.isFalse(words.success.some((word) => /[ \t\n]/.test(word) || word === ""))
  })

  it("are those of a POSIX shell, for each way to write a few characters that it does not expand", () => {
    // The characters that a shell would expand, or take for an operator, are left out: those are ordinary here.
    const alphabet = ["a", " ", "'", '"', "\\", "\n"]
    const lines = alphabet.flatMap((a) =>
      alphabet.flatMap((b) =>
        alphabet.flatMap((c) => alphabet.flatMap((d) => [`${a}${b}${c}${d}`, `x${a}"${b}$${c}'${d}`]))
      )
    )
    let splittable = 0
    const script = ["show() { for word; do printf '%s\\1' \"$word\"; done; printf '\\2'; }"]
    const expected: Array<ReadonlyArray<string>> = []
    for (const line of lines) {
      const words = Words.split(line)
      // A bare LF ends a shell's command, where here it separates words; a variable would be expanded.
      if (Result.isFailure(words) || /\$a/.test(line) || bareLineFeed(line)) continue
      splittable++
      script.push(`show ${line}`)
      expected.push(words.success)
    }
    assert.isAbove(splittable, 400)
    const { status, stdout } = spawnSync("/bin/sh", ["-s"], {
      input: `${script.join("\n")}\n`,
      encoding: "utf8"
    })
    assert.strictEqual(status, 0)
    assert.deepStrictEqual(
      stdout
        .split("\u0002")
        .slice(0, -1)
        .map((shown) => shown.split("\u0001").slice(0, -1)),
      expected
    )
  })

  it("stand between blanks, however many", () => {
    assert.deepStrictEqual(Words.split("  remind \t 60\n tea  "), Result.succeed(["remind", "60", "tea"]))
    assert.deepStrictEqual(Words.split(" \t\n"), Result.succeed([]))
    assert.deepStrictEqual(Words.split(""), Result.succeed([]))
  })

  it("may be quoted in part, and may be empty", () => {
    assert.deepStrictEqual(Words.split(`a"b c"d'e f' '' ""`), Result.succeed(["ab cde f", "", ""]))
  })

  it('keep in double quotes every backslash but those before $ ` " \\ and LF', () => {
    assert.deepStrictEqual(Words.split('"\\a\\$\\`\\"\\\\\\\n\\\'"'), Result.succeed(["\\a$`\"\\\\'"]))
    assert.deepStrictEqual(Words.split("'\\a\\'"), Result.succeed(["\\a\\"]))
    assert.deepStrictEqual(Words.split("\\a\\ b\\\\ c\\\nd"), Result.succeed(["a b\\", "cd"]))
  })

  it("are not expanded, and know neither comments nor operators", () => {
    const line = "echo $HOME ${x} $(id) `id` ~ * #1 a;b|c&d >e {f,g} h=i"
    assert.deepStrictEqual(Words.split(line), Result.succeed(line.split(" ")))
  })

  it("are none where a quote is not closed, or a backslash has nothing to keep", () => {
    for (const line of ["'a", 'a "b', '"a\\"', "a'b'c'"]) {
      assert.deepStrictEqual(Words.split(line), Result.fail("a quote is not closed"), line)
    }
    assert.deepStrictEqual(Words.split("a\\"), Result.fail("a backslash at the end"))
  })
})

/** Whether an LF stands where a shell would end the command: neither quoted nor behind a backslash. */
const bareLineFeed = (line: string): boolean =>
  line.replace(/\\[^]|'[^']*'|"(?:\\[^]|[^"\\])*"/g, "").includes("\n")
