/**
 * The policy of an application: the text of `ID.smack`, rendered from a Mustache template, and the rules in it.
 *
 * A template sees `id`, `id_underscore` (dashes made underscores), `has-plugs`, `plugs` (each with its `impid`, each
 * `impid` once), and a section for every permission granted: `{{#urn:redpesk:permission::public:plugs}}...{{/...}}`.
 * The session chooses the permissions, so they are looked up last and as they are: a permission called `id` changes
 * nothing, dots in a permission are not a path, and no name reaches into JavaScript's objects.
 */
import { Result, Schema } from "effect"
import Mustache from "mustache"
import type { Plug } from "./Application.ts"

/** A rule: what `subject` may do to `object`; the access `-` takes all of it away. */
export interface Rule {
  readonly subject: string
  readonly object: string
  readonly access: string
}

/** What a template is rendered with. */
export interface PolicySubject {
  readonly id: string
  readonly permissions: ReadonlyArray<string>
  readonly plugs: ReadonlyArray<Plug>
}

/** The template cannot be read, or what came out of it is not a policy. */
export class PolicyError extends Schema.TaggedError<PolicyError>()("PolicyError", {
  message: Schema.String
}) {}

/** Renders the policy text of an application. */
export type Renderer = (subject: PolicySubject) => Result.Result<string, PolicyError>

/** The rules of the notes on the protocol, in their order. */
export const defaultTemplate = `System App:{{id}} rwxa
App:{{id}} System:Shared rx
App:{{id}} User:App-Shared rwx
App:{{id}} System wx
App:{{id}} App:{{id}}:Lib rx
App:{{id}} App:{{id}}:Conf rx
App:{{id}} App:{{id}}:Http rx
App:{{id}} App:{{id}}:Data rx
App:{{id}} App:{{id}}:Exec rx
App:{{id}} User:Home rx
{{#has-plugs}}
App:{{id}} App:{{id}}:Plug rx
{{/has-plugs}}
{{#plugs}}
App:{{impid}} App:{{id}}:Plug rx
App:{{impid}} App:{{id}}:Lib rx
App:{{impid}} App:{{id}}:Exec rx
App:{{impid}} App:{{id}}:Data rx
App:{{impid}} App:{{id}}:Conf rx
App:{{impid}} App:{{id}}:Http rx
{{/plugs}}
`

/** Reads a template. What it renders is checked: each line a rule, a comment (`#`) or empty. */
export const compile = (template: string): Result.Result<Renderer, PolicyError> => {
  const writer = new Mustache.Writer()
  const failed = (cause: unknown) =>
    new PolicyError({ message: `the policy template cannot be used: ${String(cause)}` })
  return Result.map(
    Result.try({ try: () => void writer.parse(template), catch: failed }),
    () => (subject) =>
      Result.flatMap(
        Result.try({
          try: () => writer.render(template, Names.of(subject), undefined, { escape: String }),
          catch: failed
        }),
        checked
      )
  )
}

const checked = (text: string): Result.Result<string, PolicyError> => {
  const wrong = lines(text).find((line) => toRule(line) === undefined)
  return wrong === undefined
    ? Result.succeed(text)
    : Result.fail(new PolicyError({ message: `the policy template makes a line that is no rule: ${wrong}` }))
}

/** The rules in a policy text; lines that are none are left out. */
export const rules = (text: string): ReadonlyArray<Rule> =>
  lines(text).flatMap((line) => {
    const rule = toRule(line)
    return rule === undefined ? [] : [rule]
  })

/** What to load so that the rules of one policy take the place of another's. */
export const transition = (from: string, to: string): ReadonlyArray<Rule> => {
  const wanted = rules(to)
  const pairs = new Set(wanted.map(pairOf))
  const gone = rules(from).filter((rule) => !pairs.has(pairOf(rule)))
  return [...gone.map(({ object, subject }) => ({ subject, object, access: "-" })), ...wanted]
}

// Labels hold no white space, so the pair cannot be read in two ways.
const pairOf = (rule: Rule): string => `${rule.subject} ${rule.object}`

const lines = (text: string): ReadonlyArray<string> =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))

const toRule = (line: string): Rule | undefined => {
  const [subject, object, access, ...rest] = line.split(/\s+/)
  return subject === undefined || object === undefined || access === undefined || rest.length > 0
    ? undefined
    : { subject, object, access }
}

type Variables = ReadonlyMap<string, unknown>

/** Mustache's own lookup walks into objects and splits names at dots; this one asks two tables. */
class Names extends Mustache.Context {
  readonly variables: Variables
  readonly permissions: ReadonlySet<string>

  constructor(view: unknown, variables: Variables, permissions: ReadonlySet<string>) {
    super(view)
    this.variables = variables
    this.permissions = permissions
  }

  static of({ id, permissions, plugs }: PolicySubject): Names {
    const impids = [...new Set(plugs.map((plug) => plug.impid))]
    const variables: Variables = new Map<string, unknown>([
      ["id", id],
      ["id_underscore", id.replaceAll("-", "_")],
      ["has-plugs", impids.length > 0],
      ["plugs", impids.map((impid) => new Map([["impid", impid]]))]
    ])
    return new Names(undefined, variables, new Set(permissions))
  }

  override push(view: unknown): Names {
    const variables = view instanceof Map ? new Map([...this.variables, ...view]) : this.variables
    return new Names(view, variables, this.permissions)
  }

  override lookup(name: string): unknown {
    if (name === ".") return this.view
    return this.variables.has(name) ? this.variables.get(name) : this.permissions.has(name)
  }
}
