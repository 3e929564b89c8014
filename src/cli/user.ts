/**
 * `wireline user`: the accounts that people log in with.
 *
 * It opens the database by itself and needs no lock of the data directory, so it works with and without a server on
 * it; a server takes notice at the next login.
 */
import { Console, DateTime, Effect, Layer, Option } from "effect"
import { Argument, CliError, Command, Flag } from "effect/cli"
import { Accounts, type Listed, NameTaken } from "../accounts/Accounts.ts"
import * as AccountName from "./AccountName.ts"
import * as DataDatabase from "./DataDatabase.ts"
import { location } from "./DataSetting.ts"
import * as NewPassword from "./NewPassword.ts"
import { printable } from "./Printable.ts"
import * as Setting from "./Setting.ts"

const realm = Flag.String("realm").pipe(
  Flag.mapEffect(
    Effect.fnUntraced(function* (realm) {
      const { realms } = yield* Setting.Vocabulary
      if (realms.includes(realm)) return realm
      return yield* new CliError.InvalidValue({
        option: "realm",
        value: realm,
        expected: `one of ${realms.join(", ")}`,
        kind: "flag"
      })
    })
  ),
  Flag.withMetavar("REALM"),
  Flag.withDescription("The protocol that the account is for, such as exon")
)

const passwordStdin = Flag.Boolean("password-stdin").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Take the password from the first line of standard input instead of asking for it")
)

const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print a JSON object a line")
)

/** The accounts in a data directory: only adding the first one creates it. */
const accounts = (data: string) => Layer.provide(Accounts.layer(), DataDatabase.layerExisting(data))
const accountsOrNone = (data: string) => Layer.provide(Accounts.layer(), DataDatabase.layer(data))

const newPassword = (stdin: boolean) => (stdin ? NewPassword.fromStdin : NewPassword.fromTerminal)

const { email, name, number, role } = AccountName

const add = Command.make(
  "add",
  { realm, name: Argument.optional(name), number, email, role, passwordStdin, ...location },
  Effect.fnUntraced(function* ({ email, passwordStdin, realm, ...told }) {
    const accounts = yield* Accounts
    // Nobody is asked for a password that is of no use.
    const { isPasswordOptional, name, role } = yield* AccountName.profile({ realm, ...told })
    yield* accounts.find(realm, name).pipe(
      Effect.flatMap(({ name: username }) => Effect.fail(new NameTaken({ realm, username }))),
      Effect.catchTag("UnknownAccount", () => Effect.void)
    )
    const password = isPasswordOptional && !passwordStdin ? undefined : yield* newPassword(passwordStdin)
    const account = yield* accounts.create(realm, name, password, {
      email: Option.getOrUndefined(email),
      role
    })
    yield* Console.log(`added ${account.name} to ${realm}`)
  })
).pipe(
  Command.withDescription(
    "Add an account; one of sms, which can log in by code, gets a password with --password-stdin alone"
  ),
  Command.provide(({ data }) => accountsOrNone(data)),
  Command.withExamples([
    { command: "wireline user add --realm exon ada", description: "Add an account; the password is asked" },
    {
      command: "wireline user add --realm sms --number +33612345678 --role ADMIN",
      description: "Let a number log in by a code"
    }
  ])
)

const list = Command.make(
  "list",
  { realm, json, ...location },
  Effect.fnUntraced(function* ({ json, realm }) {
    const accounts = yield* Accounts
    for (const account of yield* accounts.list(realm)) {
      yield* Console.log(json ? asJson(account) : asLine(account))
    }
  })
).pipe(
  Command.withDescription("List the accounts of a realm"),
  Command.provide(({ data }) => accounts(data)),
  Command.withExamples([
    { command: "wireline user list --realm exon --json", description: "An account a line, for a script" }
  ])
)

const asJson = ({ created, email, lockedUntil, name, role }: Listed): string =>
  JSON.stringify({
    name,
    created: DateTime.formatIso(created),
    email: email ?? null,
    role: role ?? null,
    lockedUntil: lockedUntil === undefined ? null : DateTime.formatIso(lockedUntil)
  })

const asLine = ({ created, email, lockedUntil, name, role }: Listed): string =>
  [
    name,
    toSeconds(created),
    ...(role === undefined ? [] : [role]),
    ...(email === undefined ? [] : [printable(email)]),
    ...(lockedUntil === undefined ? [] : [`locked until ${toSeconds(lockedUntil)}`])
  ].join("\t")

const toSeconds = (time: DateTime.Utc): string => DateTime.formatIso(time).replace(/\.\d+Z$/, "Z")

const remove = Command.make(
  "remove",
  { realm, name, ...location },
  Effect.fnUntraced(function* ({ name, realm }) {
    const accounts = yield* Accounts
    const account = yield* accounts.remove(realm, yield* AccountName.inRealm(realm, name))
    yield* Console.log(`removed ${account.name} from ${realm}`)
  })
).pipe(
  Command.withDescription("Remove an account"),
  Command.provide(({ data }) => accounts(data)),
  Command.withExamples([
    { command: "wireline user remove --realm exon ada", description: "From now on, ada cannot log in" }
  ])
)

const passwd = Command.make(
  "passwd",
  { realm, name, passwordStdin, ...location },
  Effect.fnUntraced(function* ({ passwordStdin, realm, ...told }) {
    const accounts = yield* Accounts
    const name = yield* AccountName.inRealm(realm, told.name)
    yield* accounts.find(realm, name)
    const account = yield* accounts.setPassword(realm, name, yield* newPassword(passwordStdin))
    yield* Console.log(`changed the password of ${account.name} in ${realm}`)
  })
).pipe(
  Command.withDescription("Give an account another password"),
  Command.provide(({ data }) => accounts(data)),
  Command.withExamples([
    { command: "wireline user passwd --realm exon ada", description: "The password is asked" },
    {
      command: "wireline user passwd --realm exon --password-stdin ada < secret",
      description: "Take it from a file"
    }
  ])
)

const unlock = Command.make(
  "unlock",
  { realm, name, ...location },
  Effect.fnUntraced(function* ({ name, realm }) {
    const accounts = yield* Accounts
    const account = yield* accounts.unlock(realm, yield* AccountName.inRealm(realm, name))
    yield* Console.log(`unlocked ${account.name} in ${realm}`)
  })
).pipe(
  Command.withDescription("Let an account log in again that was locked after failed logins"),
  Command.provide(({ data }) => accounts(data)),
  Command.withExamples([
    { command: "wireline user unlock --realm exon ada", description: "Forget the failed logins of ada" }
  ])
)

/** The subcommand and its own. */
export const user = Command.make("user").pipe(
  Command.withDescription("Administer the accounts that people log in with"),
  Command.withSubcommands([add, list, remove, passwd, unlock]),
  Command.withExamples([
    { command: "wireline user add --realm exon ada", description: "Add an account; the password is asked" },
    {
      command: "wireline user add --realm sms --number +33612345678 --email ada@example.org --role ADMIN",
      description: "Let a number log in to the SMS shell, by a code that is sent to it"
    },
    {
      command: "wireline user passwd --realm exon --password-stdin ada < secret",
      description: "Change a password from a script"
    },
    { command: "wireline user list --realm exon", description: "See who may log in, and who is locked out" }
  ])
)
