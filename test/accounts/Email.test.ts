/** E-mail addresses of accounts. */
import { assert, describe, it } from "@effect/vitest"
import { isValid } from "../../src/accounts/Email.ts"

describe("An e-mail address", () => {
  it("has one @, and a domain of several labels", () => {
    for (const text of ["ada@example.org", "a.b+c@mail.example.org", "é@exämple.org"])
      assert.isTrue(isValid(text), text)
    const none = [
      "",
      "ada",
      "@example.org",
      "ada@",
      "ada@example",
      "ada@example.",
      "ada@.org",
      "a@b@example.org",
      "a da@example.org"
    ]
    for (const text of [...none, "ada@example.org\nBcc: bob@example.org", `${"x".repeat(243)}@example.org`]) {
      assert.isFalse(isValid(text), text)
    }
    assert.isTrue(isValid(`${"x".repeat(242)}@example.org`))
  })
})
