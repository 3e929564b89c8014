/** The rule of the lock-out, beside one that keeps everything and counts again each time. */
import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import * as Lockout from "../../src/accounts/Lockout.ts"

const limit = 3
const { period } = Lockout

// Times that are a whole number of thirds of the period apart meet its edges often; a millisecond beside them, too.
const Login = Schema.Struct({
  thirds: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 })),
  beside: Schema.Literals([0, 0, 1]),
  succeeds: Schema.Literals([false, false, false, true])
})

const nothing: Lockout.Tally = { failures: [], lockedUntil: 0 }

/** Which logins the rule refuses, where a success takes back only itself. */
const byTheRule = (logins: ReadonlyArray<typeof Login.Type>): ReadonlyArray<boolean> => {
  let tally = nothing
  let now = 1
  return logins.map(({ beside, succeeds, thirds }) => {
    now += (thirds * period) / 3 + beside
    if (Lockout.isLocked(tally, now)) return true
    tally = Lockout.count(tally, now, limit)
    if (succeeds) tally = Lockout.forgive(tally, now, limit)
    return false
  })
}

/** The same in the words of the issue. */
const inWords = (logins: ReadonlyArray<typeof Login.Type>): ReadonlyArray<boolean> => {
  const failures: Array<number> = []
  const locks: Array<number> = []
  let now = 1
  return logins.map(({ beside, succeeds, thirds }) => {
    now += (thirds * period) / 3 + beside
    if (locks.some((since) => now - since < period)) return true
    if (!succeeds) {
      failures.push(now)
      if (failures.filter((at) => now - at < period).length >= limit) locks.push(now)
    }
    return false
  })
}

describe("the lock-out", () => {
  it.prop("refuses what the issue says", [Schema.Array(Login)], ([logins]) => {
    assert.deepStrictEqual(byTheRule(logins), inWords(logins))
  })

  it.prop(
    "takes back what succeeds after all, whatever was counted meanwhile",
    [Schema.Array(Login), Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: limit - 1 }))],
    ([logins, meanwhile]) => {
      let now = 1
      let tally = nothing
      for (const { thirds } of logins) {
        now += (thirds * period) / 3
        if (!Lockout.isLocked(tally, now)) tally = Lockout.count(tally, now, limit)
      }
      if (Lockout.isLocked(tally, now)) return
      const begun = now
      tally = Lockout.count(tally, begun, limit)
      const failed = []
      for (let i = 1; i <= meanwhile && !Lockout.isLocked(tally, now + i); i++) {
        tally = Lockout.count(tally, now + i, limit)
        failed.push(now + i)
      }
      const after = Lockout.forgive(tally, begun, limit)
      assert.strictEqual(after.lockedUntil, 0)
      assert.strictEqual(after.failures.length, tally.failures.length - 1)
      assert.deepStrictEqual(after.failures.slice(after.failures.length - failed.length), failed)
    }
  )

  it.prop("knows nothing more of a subject from its expiry on", [Schema.Array(Login)], ([logins]) => {
    let tally = Lockout.count(nothing, 1, limit)
    let now = 1
    for (const { thirds } of logins) {
      now += (thirds * period) / 3
      if (!Lockout.isLocked(tally, now)) tally = Lockout.count(tally, now, limit)
    }
    const expiry = Lockout.expiry(tally)
    assert.isFalse(Lockout.isLocked(tally, expiry))
    assert.deepStrictEqual(Lockout.count(tally, expiry, limit), Lockout.count(nothing, expiry, limit))
  })

  for (const [address, key] of [
    ["tcp://192.0.2.7:4711", "192.0.2.7"],
    ["tls://192.0.2.7:4711", "192.0.2.7"],
    ["tcp://[::ffff:192.0.2.7]:4711", "192.0.2.7"],
    ["tcp://[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::/64"],
    ["tcp://[2001:db8:1:2::1]:1", "2001:db8:1:2::/64"],
    ["tcp://[fe80::1%eth0]:1", "fe80::/64"],
    ["tcp://Localhost:1", "localhost"]
  ] as const) {
    it(`counts ${address} as ${key}`, () => {
      assert.deepStrictEqual(
        Lockout.addressSubject(address),
        Option.some({ kind: "address", realm: "", key })
      )
    })
  }

  for (const address of ["unix", "stdio", "unknown", ""]) {
    it(`counts "${address}" by name only`, () => {
      assert.isTrue(Option.isNone(Lockout.addressSubject(address)))
    })
  }
})
