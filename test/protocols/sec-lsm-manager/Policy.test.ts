import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { ApplicationId } from "../../../src/protocols/sec-lsm-manager/Application.ts"
import * as Policy from "../../../src/protocols/sec-lsm-manager/Policy.ts"

const render = (template: string, subject: Partial<Policy.PolicySubject> = {}): string =>
  Result.getOrThrow(
    Result.flatMap(Policy.compile(template), (render) =>
      render({ id: "my-app", permissions: [], plugs: [], ...subject })
    )
  )

const plugInto = (impid: string) => ({ expdir: "/opt/exp", impid, impdir: `/opt/${impid}/plugs` })

/** Names that mean something to a template or to JavaScript, and any other without white space or braces. */
const Permission = Schema.Union([
  Schema.Literals([
    "id",
    "plugs",
    "has-plugs",
    "impid",
    "__proto__",
    "constructor",
    "toString",
    ".",
    "length",
    "a.b"
  ]),
  Schema.String.check(Schema.isPattern(/^[!-z]{2,40}$/))
])
const Plugs = Schema.Array(ApplicationId)

const Access = Schema.Literals(["r", "rx", "rwxa"])
const Name = Schema.Literals(["System", "App:a", "App:b", "User:Home"])
const PolicyRules = Schema.Array(Schema.Struct({ subject: Name, object: Name, access: Access }))

const textOf = (rules: ReadonlyArray<Policy.Rule>) =>
  rules.map(({ access, object, subject }) => `${subject} ${object} ${access}\n`).join("")

/** What the kernel holds after loading rules, the last one of a pair deciding. */
const loaded = (rules: ReadonlyArray<Policy.Rule>, kernel: ReadonlyMap<string, string> = new Map()) => {
  const result = new Map(kernel)
  for (const { access, object, subject } of rules) {
    if (access === "-") result.delete(`${subject} ${object}`)
    else result.set(`${subject} ${object}`, access)
  }
  return Object.fromEntries([...result].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

describe("Policy", () => {
  it.prop(
    "is the same whatever the permissions are called, for the default template names none",
    [ApplicationId, Schema.Array(Permission), Plugs],
    ([id, permissions, impids]) => {
      const plugs = impids.map(plugInto)
      assert.strictEqual(
        render(Policy.defaultTemplate, { id, permissions, plugs }),
        render(Policy.defaultTemplate, { id, plugs })
      )
    }
  )

  it.prop(
    "has one rule a line, single spaces, ten of them and seven more for plugs, less what one application repeats",
    [ApplicationId, Plugs],
    ([id, impids]) => {
      const text = render(Policy.defaultTemplate, { id, plugs: impids.map(plugInto) })
      const distinct = new Set(impids).size
      assert.match(text, /^([^ \n]+ [^ \n]+ [rwxa]+\n)+$/)
      assert.strictEqual(text.split("\n").length - 1, 10 + (distinct === 0 ? 0 : 1) + 6 * distinct)
      assert.strictEqual(textOf(Policy.rules(text)), text)
    }
  )

  it.prop(
    "renders the section of a permission if and only if it is granted",
    [Permission, Schema.Array(Permission)],
    ([permission, others]) => {
      if (["id", "plugs", "has-plugs", "."].includes(permission)) return
      const template = `System App:{{id}} r\n{{#${permission}}}\nSystem App:{{id}}:Granted r\n{{/${permission}}}\n`
      const granted = "System App:my-app:Granted r\n"
      const without = others.filter((other) => other !== permission)
      assert.strictEqual(render(template, { permissions: without }), "System App:my-app r\n")
      assert.strictEqual(
        render(template, { permissions: [...without, permission] }),
        `System App:my-app r\n${granted}`
      )
    }
  )

  it.prop(
    "takes the place of another in the kernel by its transition",
    [PolicyRules, PolicyRules],
    ([from, to]) => {
      const before = new Map(Object.entries(loaded(from)))
      assert.deepStrictEqual(loaded(Policy.transition(textOf(from), textOf(to)), before), loaded(to))
    }
  )

  it("without plugs is ten rules", () => {
    assert.strictEqual(
      render(Policy.defaultTemplate),
      `System App:my-app rwxa
App:my-app System:Shared rx
App:my-app User:App-Shared rwx
App:my-app System wx
App:my-app App:my-app:Lib rx
App:my-app App:my-app:Conf rx
App:my-app App:my-app:Http rx
App:my-app App:my-app:Data rx
App:my-app App:my-app:Exec rx
App:my-app User:Home rx
`
    )
  })

  it("with plugs lets the application and those it plugs into read them, each of these once", () => {
    const text = render(Policy.defaultTemplate, {
      plugs: [plugInto("one"), plugInto("two"), plugInto("one")]
    })
    assert.strictEqual(
      text.slice(text.indexOf("App:my-app User:Home")),
      `App:my-app User:Home rx
App:my-app App:my-app:Plug rx
App:one App:my-app:Plug rx
App:one App:my-app:Lib rx
App:one App:my-app:Exec rx
App:one App:my-app:Data rx
App:one App:my-app:Conf rx
App:one App:my-app:Http rx
App:two App:my-app:Plug rx
App:two App:my-app:Lib rx
App:two App:my-app:Exec rx
App:two App:my-app:Data rx
App:two App:my-app:Conf rx
App:two App:my-app:Http rx
`
    )
  })

  it("offers the id with underscores, sections for permissions with dots, and inverted ones", () => {
    const template = `{{id_underscore}} {{id}} r
{{#urn:redpesk:permission::public:plugs}}
public {{id}} r
{{/urn:redpesk:permission::public:plugs}}
{{#org.example.camera}}
camera {{id}} w
{{/org.example.camera}}
{{^org.example.sound}}
silent {{id}} x
{{/org.example.sound}}
`
    assert.strictEqual(
      render(template, { permissions: ["urn:redpesk:permission::public:plugs", "org.example.camera"] }),
      "my_app my-app r\npublic my-app r\ncamera my-app w\nsilent my-app x\n"
    )
  })

  it("does not escape for HTML", () => {
    assert.strictEqual(
      render("{{#plugs}}\n{{impid}} {{{impid}}} {{&impid}}\n{{/plugs}}\n", { plugs: [plugInto(`a&b"'<c/`)] }),
      `a&b"'<c/ a&b"'<c/ a&b"'<c/\n`
    )
  })

  it("cannot be made of a template that is broken or that makes lines which are no rules", () => {
    assert.isTrue(Result.isFailure(Policy.compile("{{#plugs}} never closed")))
    const result = Result.flatMap(Policy.compile("System App:{{id}}\n"), (render) =>
      render({ id: "my-app", permissions: [], plugs: [] })
    )
    assert.isTrue(Result.isFailure(result))
    assert.include(Result.getOrThrow(Result.flip(result)).message, "System App:my-app")
  })

  it("may hold comments and empty lines, which are no rules", () => {
    assert.deepStrictEqual(Policy.rules("# a comment\n\nSystem\tApp:a  rx\nodd line that is none\n"), [
      { subject: "System", object: "App:a", access: "rx" }
    ])
  })
})
