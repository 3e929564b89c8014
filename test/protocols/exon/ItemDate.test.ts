/** The date of an item beside what the program `date` prints, which the specification names. */
import { spawnSync } from "node:child_process"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as ItemDate from "../../../src/protocols/exon/ItemDate.ts"

const before = process.env["TZ"]
const setZone = (zone: string | undefined) => {
  if (zone === undefined) delete process.env["TZ"]
  else process.env["TZ"] = zone
}
afterAll(() => setZone(before))

const hour = 3_600_000

/** The hours around every New Year of 2008 to 2036, a minute or so apart from them, and one moment of each day. */
const moments = [
  ...Array.from({ length: 29 }, (_, year) => Date.UTC(2008 + year, 0, 1)).flatMap((newYear) =>
    Array.from({ length: 12 * 24 }, (_, i) => newYear + (i - 6 * 24) * hour + ((i * 61) % 3600) * 1000)
  ),
  ...Array.from({ length: 28 * 366 }, (_, day) => Date.UTC(2008, 0, 1) + day * (24 * hour + 7919))
]

/** What the program prints of these moments in a time zone. */
const printed = (zone: string, moments: ReadonlyArray<number>): ReadonlyArray<string> => {
  const { status, stdout } = spawnSync("date", ["-f", "-", "+%G-%m-%d %H:%M:%S"], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: zone },
    input: moments.map((moment) => `@${Math.floor(moment / 1000)}\n`).join(""),
    maxBuffer: 16_777_216
  })
  assert.strictEqual(status, 0)
  return stdout.trimEnd().split("\n")
}

describe("The date of an item", () => {
  // One where the clocks change, and one that is half a day and more ahead, with a change in the other half of the year.
  for (const zone of ["Europe/Paris", "Pacific/Auckland", "UTC"]) {
    it(`is what \`date "+%G-%m-%d %H:%M:%S"\` prints, over 28 years, in ${zone}`, () => {
      setZone(zone)
      const expected = printed(zone, moments)
      assert.strictEqual(expected.length, moments.length)
      for (const [i, moment] of moments.entries()) {
        assert.strictEqual(ItemDate.format(moment), expected[i], `${zone} ${moment}`)
      }
    })
  }

  it("is in the zone of the server", () => {
    const moment = Date.UTC(2026, 11, 31, 23, 30)
    setZone("UTC")
    assert.strictEqual(ItemDate.format(moment), "2026-12-31 23:30:00")
    setZone("Asia/Tokyo")
    assert.strictEqual(ItemDate.format(moment), "2026-01-01 08:30:00")
  })

  it.each([
    [[2027, 0, 1], "2026-01-01 12:00:00"],
    [[2027, 0, 3], "2026-01-03 12:00:00"],
    [[2027, 0, 4], "2027-01-04 12:00:00"],
    [[2024, 11, 30], "2025-12-30 12:00:00"],
    [[2024, 11, 29], "2024-12-29 12:00:00"],
    [[2015, 11, 29], "2015-12-29 12:00:00"],
    [[2021, 0, 3], "2020-01-03 12:00:00"],
    [[2018, 11, 31], "2019-12-31 12:00:00"]
  ] as const)("has the year of the week that the day belongs to: %j", ([year, month, day], expected) => {
    setZone("Europe/Paris")
    assert.strictEqual(ItemDate.format(new Date(year, month, day, 12).getTime()), expected)
  })

  it.prop(
    "is nineteen characters, and differs from the calendar's in the year alone, within four days of New Year",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_102_444_800_000 }))],
    ([moment]) => {
      setZone("UTC")
      const iso = new Date(moment).toISOString().slice(0, 19).replace("T", " ")
      const date = ItemDate.format(moment)
      assert.strictEqual(date.slice(4), iso.slice(4))
      const years = Number(date.slice(0, 4)) - Number(iso.slice(0, 4))
      const day = iso.slice(5, 10)
      if (day <= "01-03") assert.include([0, -1], years)
      else if (day >= "12-29") assert.include([0, 1], years)
      else assert.strictEqual(years, 0)
    }
  )
})
