import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { exon } from "../../../src/protocols/exon/cli/Dialect.ts"
import type { Dialect } from "../../../src/cli/connect/Dialect.ts"
import { rscp } from "../../../src/protocols/rscp/cli/Dialect.ts"
import { secLsmManager } from "../../../src/protocols/sec-lsm-manager/cli/Dialect.ts"
import { documents, textsOf } from "../../../src/protocols/sms/cli/Dialect.ts"
import type * as Protocol from "../../../src/Protocol.ts"
import * as Exon from "../../../src/protocols/exon/Protocol.ts"
import * as Rscp from "../../../src/protocols/rscp/Protocol.ts"
import * as SecLsmManager from "../../../src/protocols/sec-lsm-manager/Protocol.ts"

/** What a line can become with a Tab. */
const ways = ({ complete }: { readonly complete: Dialect<Protocol.Any>["complete"] }, line: string) => {
  const { candidates, end } = complete(line)
  assert.isTrue(line.endsWith(end), line)
  return candidates.map((candidate) => line.slice(0, line.length - end.length) + candidate)
}

/** Whatever is typed on the way to a line, no Tab takes away any of it, and the words that messages begin with are offered. */
const leadsTo = (dialect: Parameters<typeof ways>[0], line: string, keyword: string) => {
  for (let length = 0; length <= line.length; length++) {
    const typed = line.slice(0, length)
    const offered = ways(dialect, typed)
    for (const way of offered) assert.isTrue(way.startsWith(typed), `${typed} became ${way}`)
    if (length < keyword.length) {
      assert.isTrue(
        offered.some((way) => way.trimEnd().replace(/:$/, "") === keyword),
        `${typed} does not become ${keyword}`
      )
    }
  }
}

describe("completion", () => {
  it.effect.prop("of Exon leads to every request", [Exon.Request], ([request]) =>
    Effect.sync(() => leadsTo(exon, Exon.Exon.encodeRequest(request), request._tag))
  )

  it.effect.prop("of RSCP leads to every request", [Rscp.Request], ([request]) =>
    Effect.sync(() => {
      const line = Rscp.Rscp.encodeRequest(request)
      leadsTo(rscp, line, line.split(":")[0]!)
    })
  )

  it.effect.prop("of sec-lsm-manager leads to every request", [SecLsmManager.Request], ([request]) =>
    Effect.sync(() => {
      const line = SecLsmManager.SecLsmManager.encodeRequest(request)
      leadsTo(secLsmManager, line, line.split(" ")[0]!)
    })
  )

  it("offers what a message begins with, and goes on where something has to follow", () => {
    assert.deepStrictEqual(ways(exon, "a"), ["add ", "auth "])
    assert.deepStrictEqual(ways(exon, "lis"), ["list"])
    assert.deepStrictEqual(ways(exon, "list"), ["list "])
    assert.deepStrictEqual(ways(rscp, "AUTH"), ["AUTHENTIFICATION LOGIN:", "AUTHENTIFICATION CREATE:"])
    assert.deepStrictEqual(ways(rscp, "DISC"), ["DISCONNECT"])
    assert.deepStrictEqual(ways(secLsmManager, "p"), ["path ", "permission ", "plug "])
    assert.deepStrictEqual(ways(secLsmManager, "un"), ["uninstall"])
    assert.deepStrictEqual(ways(exon, "x"), [])
  })

  it("offers the keys of quoted pairs that are not there yet", () => {
    assert.deepStrictEqual(ways(exon, "auth "), ['auth username="', 'auth passwd="'])
    assert.deepStrictEqual(ways(exon, "auth p"), ['auth passwd="'])
    assert.deepStrictEqual(ways(exon, 'add name="a=" b"'), [])
    assert.deepStrictEqual(ways(exon, 'add name="a'), [])
    assert.deepStrictEqual(ways(exon, 'add name="a"'), ['add name="a"::comments="'])
    assert.deepStrictEqual(ways(exon, 'add comments="a b"::'), ['add comments="a b"::name="'])
    assert.deepStrictEqual(ways(exon, 'add name="a"::comments="b"'), [])
  })

  it("offers the keys of colon pairs that are not there yet, and the next number", () => {
    assert.deepStrictEqual(ways(rscp, "FUNCTION:"), ["FUNCTION:ID=", "FUNCTION:PARAM1="])
    assert.deepStrictEqual(ways(rscp, "FUNCTION:ID=2:P"), ["FUNCTION:ID=2:PARAM1="])
    assert.deepStrictEqual(ways(rscp, "FUNCTION:PARAM1=1:PARAM2=2"), [
      "FUNCTION:PARAM1=1:PARAM2=2:ID=",
      "FUNCTION:PARAM1=1:PARAM2=2:PARAM3="
    ])
    assert.deepStrictEqual(ways(rscp, "FUNCTION:ID="), [])
  })

  it("offers the words that can stand in the place of a field", () => {
    assert.deepStrictEqual(ways(secLsmManager, "log o"), ["log on", "log off"])
    assert.deepStrictEqual(ways(secLsmManager, "path /a\\ b d"), ["path /a\\ b default", "path /a\\ b data"])
    assert.deepStrictEqual(ways(secLsmManager, "path d"), [])
    assert.deepStrictEqual(ways(secLsmManager, "log on o"), [])
  })

  it("offers the keys of a JSON object that are not there yet, and what can stand after them", () => {
    assert.deepStrictEqual(ways(documents, ""), ["{"])
    assert.deepStrictEqual(ways(documents, '{"sms_'), ['{"sms_number":"', '{"sms_text":"'])
    assert.deepStrictEqual(ways(documents, '{"sms_number":"1","sms_'), ['{"sms_number":"1","sms_text":"'])
    assert.deepStrictEqual(ways(documents, '{"transmit":f'), ['{"transmit":false'])
    assert.deepStrictEqual(ways(documents, '{"sms_number":"1'), [])
  })

  it("offers a number the commands that ship", () => {
    assert.deepStrictEqual(ways(textsOf("+33612345678"), "lo"), ["login", "logout"])
    assert.deepStrictEqual(ways(textsOf("+33612345678"), "login o"), [])
  })
})

describe("a line that is no message", () => {
  const problem = <P extends Protocol.Any>({ read }: Dialect<P>, line: string) => {
    const reading = read(line)
    assert.strictEqual(reading._tag, "Unreadable", line)
    return reading._tag === "Unreadable" ? reading.problem : undefined
  }

  it("is told how it is written, or which there are", () => {
    assert.strictEqual(problem(exon, "comment 5"), 'it is written comment id="ID"::comments="COMMENTS"')
    assert.strictEqual(problem(exon, "list page=1"), 'it is written list [page="PAGE"]')
    assert.strictEqual(
      problem(exon, "id 0"),
      'id: Expected a number greater than 0; it is written id id="ID"'
    )
    assert.strictEqual(problem(rscp, "FUNCTION:1"), "it is written FUNCTION:ID=ID:PARAM1=PARAM:PARAM2=...")
    assert.strictEqual(problem(secLsmManager, "path /a"), problem(secLsmManager, "path /a data b"))
    assert.match(problem(secLsmManager, "path /a")!, /^it is written path PATH default\|conf\|/)
    assert.strictEqual(
      problem(secLsmManager, "log maybe"),
      'state: Expected "on" | "off"; it is written log [on|off]'
    )
    assert.strictEqual(
      problem(secLsmManager, "sec-lsm-manager"),
      "versions.0: missing; it is written sec-lsm-manager VERSIONS..."
    )
    assert.strictEqual(
      problem(documents, '{"sms_number":"1"}'),
      'sms_text: missing; it is written {"sms_number":"SMS_NUMBER","sms_text":"SMS_TEXT"}'
    )
    assert.strictEqual(
      problem(rscp, "function:ID=1"),
      "it begins with none of CONNECT REQUEST, AUTHENTIFICATION LOGIN, AUTHENTIFICATION CREATE, DISCONNECT, LIST FUNCTION, FUNCTION"
    )
  })

  it("is not repeated, for it may hold a password", () => {
    for (const line of ['auth username="a"::passwd="hunter2', "auth hunter2", "hunter2"]) {
      assert.notInclude(problem(exon, line)!, "hunter2")
    }
    assert.notInclude(problem(documents, '{"sms_text":"login password hunter2"}')!, "hunter2")
  })
})

describe("a request", () => {
  const isSecret = <P extends Protocol.Any>({ holdsSecret, read }: Dialect<P>, line: string) => {
    const reading = read(line)
    return reading._tag === "Read" && holdsSecret(reading.request)
  }

  it("is to be forgotten where it holds a password, a code or a token", () => {
    assert.isTrue(isSecret(exon, 'auth username="a"::passwd="b"'))
    assert.isTrue(isSecret(rscp, "AUTHENTIFICATION CREATE:USERNAME=a:PASSWORD=b:EMAIL=c@d.org"))
    assert.isTrue(
      isSecret(documents, '{"sms_number":"1","sms_text":"role","auth":{"token":"t","role":"ADMIN"}}')
    )
    assert.isTrue(isSecret(documents, '{"sms_number":"1","sms_text":" Login password x"}'))
    assert.isTrue(isSecret(textsOf("1"), "'login' code 123456"))
  })

  it("is kept else", () => {
    assert.isFalse(isSecret(exon, 'add name="passwd"'))
    assert.isFalse(isSecret(secLsmManager, "log on"))
    assert.isFalse(isSecret(textsOf("1"), "logout"))
    assert.isFalse(isSecret(documents, '{"sms_number":"1","sms_text":"help login"}'))
  })
})
