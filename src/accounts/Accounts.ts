/**
 * The people who may log in, for every protocol: a realm of accounts for each, with a password.
 *
 * **What it promises**
 *
 * - An account of one realm opens no other. Names are compared without regard to case; the database keeps them unique.
 * - Passwords are stored as Argon2id hashes (`PasswordHash`), which are made anew, when today's cost more, at the next
 *   login. A few at most are derived at once, beside the event loop (`Derivation`).
 * - Who guesses is locked out (`Lockout`), on whatever connection and across restarts.
 * - What is answered with success is in the database, durably. Nothing is kept in memory: what another process changes,
 *   such as `wireline user`, holds from the next login on.
 *
 * **What a peer can learn**
 *
 * Nothing, if a protocol answers every `LoginFailed` alike: an unknown name takes as long as a wrong password. That a
 * name or an address is locked shows in the time, and is the same whether or not there is such an account.
 *
 * **Gotchas**
 *
 * `login` commits on its own. In a transaction of the caller's it would wait for itself to be durable, and a rollback
 * would forget the failure.
 */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { Clock, Context, DateTime, Effect, Layer, Option, type Redacted } from "effect"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Kdf from "effect/crypto/Kdf"
import type * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import {
  type Account,
  type AccountOptions,
  type Listed,
  LoginFailed,
  type LoginFailure,
  NameTaken,
  type PasswordOptions,
  RegistrationFailed,
  UnknownAccount
} from "./Account.ts"
import * as Attempts from "./Attempts.ts"
import * as Derivation from "./Derivation.ts"
import * as Lockout from "./Lockout.ts"
import * as Name from "./Name.ts"
import * as Password from "./Password.ts"
import * as PasswordHash from "./PasswordHash.ts"
import * as Tables from "./Tables.ts"

export * from "./Account.ts"

type Sql = SqlError.SqlError

/** The accounts of all realms. */
export class Accounts extends Context.Service<
  Accounts,
  {
    /**
     * The account of this name and password. The address is the one of `Server.Peer`: `tcp://HOST:PORT` counts by its
     * host; any that has none, such as `unix`, does not count.
     */
    readonly login: (
      realm: string,
      name: string,
      password: Redacted.Redacted,
      address: string
    ) => Effect.Effect<Account, LoginFailed | Sql>
    /**
     * The account of this name for whoever has another proof than a password, such as a code: `verify` tells whether it is
     * right. The lock-out is the same as for passwords, and the proof is looked at also where there is no account.
     */
    readonly loginWith: <E>(
      realm: string,
      name: string,
      address: string,
      verify: Effect.Effect<boolean, E>
    ) => Effect.Effect<Account, LoginFailed | E | Sql>
    /** Makes an account; without a password none logs in to it. */
    readonly create: (
      realm: string,
      name: string,
      password: Redacted.Redacted | undefined,
      options?: AccountOptions
    ) => Effect.Effect<Account, NameTaken | Name.BadName | Password.BadPassword | Derivation.Overloaded | Sql>
    /** Makes an account for a peer that asks for it. An address may ask 20 times in 15 minutes. */
    readonly register: (
      realm: string,
      name: string,
      password: Redacted.Redacted,
      address: string,
      options?: AccountOptions
    ) => Effect.Effect<Account, RegistrationFailed | Sql>
    /** Gives an account another password. A lock stays. */
    readonly setPassword: (
      realm: string,
      name: string,
      password: Redacted.Redacted,
      options?: PasswordOptions
    ) => Effect.Effect<Account, UnknownAccount | Password.BadPassword | Derivation.Overloaded | Sql>
    /** Removes an account, with its failures and its lock. */
    readonly remove: (realm: string, name: string) => Effect.Effect<Account, UnknownAccount | Sql>
    /** Forgets the failures of an account and its lock; an address that is locked stays so. */
    readonly unlock: (realm: string, name: string) => Effect.Effect<Account, UnknownAccount | Sql>
    /** The account of this name. */
    readonly find: (realm: string, name: string) => Effect.Effect<Account, UnknownAccount | Sql>
    /** The accounts of a realm, by name. */
    readonly list: (realm: string) => Effect.Effect<ReadonlyArray<Listed>, Sql>
  }
>()("wireline/accounts/Accounts") {
  /** The accounts in the database, on a `Kdf` of the caller's. */
  static readonly layerKdf = (
    options: Derivation.DerivationOptions = {}
  ): Layer.Layer<
    Accounts,
    Migrator.MigrationError | SqlError.SqlError | CryptoError.CryptoError,
    SqlClient.SqlClient | Kdf.Kdf
  > => Layer.effect(Accounts, make(options)).pipe(Layer.provide(NodeCrypto.layerSecureRandom))

  /** The accounts in the database, their passwords derived by Node; fails where it has no Argon2id. */
  static readonly layer = (options?: Derivation.DerivationOptions) =>
    Layer.provide(Accounts.layerKdf(options), NodeCrypto.layerKdf)
}

interface Row {
  readonly name: string
  readonly created_at: number | string
  readonly email: string | null
  readonly role: string | null
}

const make = Effect.fnUntraced(function* (options: Derivation.DerivationOptions) {
  yield* Tables.migrate
  const sql = yield* SqlClient.SqlClient
  const attempts = yield* Attempts.make
  const derivation = yield* Derivation.make(options)

  const where = (realm: string, name: string) => sql`WHERE realm = ${realm} AND folded = ${Name.fold(name)}`

  /** The row of an account; none for a name that no account can have, which is not even asked for. */
  const rowOf = (realm: string, name: string) =>
    Name.isValid(name)
      ? Effect.map(
          sql<
            Row & { readonly password: string }
          >`SELECT name, created_at, email, role, password FROM account ${where(realm, name)}`,
          (rows) => Option.fromUndefinedOr(rows[0])
        )
      : Effect.succeedNone

  // The SMS shell asks for it with most texts.
  const find = Effect.fnUntraced(function* (realm: string, name: string) {
    const row = yield* rowOf(realm, name)
    if (Option.isNone(row)) return yield* new UnknownAccount({ realm, username: name })
    return toAccount(realm, row.value)
  })

  /** What failures of a login are counted for. */
  const subjectsOf = (realm: string, name: string, address: string): ReadonlyArray<Lockout.Subject> => [
    ...Option.toArray(Lockout.nameSubject(realm, name)),
    ...Option.toArray(Lockout.addressSubject(address))
  ]

  /** What is left of a login when its turn has come. */
  const attempt = Effect.fnUntraced(function* (
    realm: string,
    name: string,
    password: Redacted.Redacted,
    subjects: ReadonlyArray<Lockout.Subject>
  ) {
    const at = yield* attempts.begin(subjects)
    const row = yield* rowOf(realm, name)
    const hash = Option.flatMap(row, ({ name, password }) => readHash(realm, name, password))
    const bytes = Password.toBytes(password)
    const right = yield* derivation.verify(bytes ?? new Uint8Array(), hash)
    if (Option.isNone(row)) return yield* Effect.fail("UnknownName" as const)
    if (!right || bytes === undefined || Option.isNone(hash))
      return yield* Effect.fail("WrongPassword" as const)
    yield* attempts.forgive(subjects, at)
    if (derivation.isWeak(hash.value)) {
      const renewed = PasswordHash.format(yield* derivation.make(bytes))
      // Unless it has been changed in the meantime.
      yield* sql`UPDATE account SET password = ${renewed} ${where(realm, name)} AND password = ${row.value.password}`
    }
    return toAccount(realm, row.value)
  })

  const create = Effect.fn("Accounts.create")(function* (
    realm: string,
    name: string,
    password: Redacted.Redacted | undefined,
    options?: AccountOptions
  ) {
    if (!Name.isValid(name)) return yield* new Name.BadName({ username: name })
    const hash =
      password === undefined
        ? noPassword
        : PasswordHash.format(
            yield* derivation.inTurn(derivation.make(yield* acceptable(password, name, options)))
          )
    const row = {
      realm,
      folded: Name.fold(name),
      name,
      password: hash,
      created_at: yield* Clock.currentTimeMillis,
      email: options?.email ?? null,
      role: options?.role ?? null
    }
    const made = yield* sql`INSERT INTO account ${sql.insert(row)}
        ON CONFLICT (realm, folded) DO NOTHING RETURNING name`
    if (made.length === 0) return yield* new NameTaken({ realm, username: name })
    return toAccount(realm, row)
  })

  return Accounts.of({
    find,
    login: Effect.fn("Accounts.login")(
      function* (realm, name, password, address) {
        const subjects = subjectsOf(realm, name, address)
        yield* attempts.refuseLocked(subjects)
        return yield* derivation.inTurn(attempt(realm, name, password, subjects))
      },
      (effect, realm, username, _, address) =>
        Effect.mapError(effect, (error) => toLoginFailed(error, { realm, username, address }))
    ),
    // Whoever hangs up is not to save himself the failure, nor to lose what is forgiven.
    loginWith: Effect.fn("Accounts.loginWith")(function* (realm, username, address, verify) {
      const peer = { realm, username, address }
      const subjects = subjectsOf(realm, username, address)
      const at = yield* Effect.mapError(attempts.begin(subjects), (error) => toLoginFailed(error, peer))
      const row = yield* rowOf(realm, username)
      const right = yield* verify
      if (Option.isNone(row)) return yield* new LoginFailed({ ...peer, reason: "UnknownName" })
      if (!right) return yield* new LoginFailed({ ...peer, reason: "WrongPassword" })
      yield* attempts.forgive(subjects, at)
      return toAccount(realm, row.value)
    }, Effect.uninterruptible),
    create,
    register: Effect.fn("Accounts.register")(
      function* (realm, name, password, address, options) {
        yield* attempts.begin(Option.toArray(Lockout.addressSubject(address, "registration")))
        return yield* create(realm, name, password, options)
      },
      (effect, realm, username, _, address) =>
        Effect.mapError(effect, (error) =>
          error._tag === "SqlError"
            ? error
            : new RegistrationFailed({
                realm,
                username,
                address,
                reason: error._tag === "Locked" ? "AddressLocked" : error._tag
              })
        )
    ),
    setPassword: Effect.fn("Accounts.setPassword")(function* (realm, name, password, options) {
      const account = yield* find(realm, name)
      const bytes = yield* acceptable(password, account.name, options)
      const hash = PasswordHash.format(yield* derivation.inTurn(derivation.make(bytes)))
      const changed = yield* sql`UPDATE account SET password = ${hash} ${where(realm, name)} RETURNING name`
      if (changed.length === 0) return yield* new UnknownAccount({ realm, username: name })
      return account
    }),
    remove: Effect.fn("Accounts.remove")(function* (realm, name) {
      const account = yield* find(realm, name)
      yield* sql`DELETE FROM account ${where(realm, name)}`
      yield* attempts.forget(realm, name)
      return account
    }, sql.withTransaction),
    unlock: Effect.fn("Accounts.unlock")(function* (realm, name) {
      const account = yield* find(realm, name)
      yield* attempts.forget(realm, name)
      return account
    }),
    list: Effect.fn("Accounts.list")(function* (realm) {
      const now = yield* Clock.currentTimeMillis
      const rows = yield* sql<Row & { readonly locked_until: number | string | null }>`
        SELECT account.name, account.created_at, account.email, account.role, lockout.locked_until FROM account
        LEFT JOIN account_lockout lockout ON lockout.kind = 'name' AND lockout.realm = account.realm
          AND lockout.subject = account.folded AND lockout.locked_until > ${now}
        WHERE account.realm = ${realm} ORDER BY account.folded`
      return rows.map((row) => ({
        ...toAccount(realm, row),
        lockedUntil: row.locked_until === null ? undefined : DateTime.makeUnsafe(Number(row.locked_until))
      }))
    })
  })
})

const toAccount = (realm: string, { created_at, email, name, role }: Row): Account => ({
  realm,
  name,
  created: DateTime.makeUnsafe(Number(created_at)),
  email: email ?? undefined,
  role: role ?? undefined
})

/** What stands for the hash of an account without a password. */
const noPassword = ""

/** Only someone who writes into the database by himself makes one that cannot be read. */
const readHash = (realm: string, name: string, stored: string): Option.Option<PasswordHash.PasswordHash> =>
  stored === noPassword
    ? Option.none()
    : Option.orElse(PasswordHash.parse(stored), () => {
        throw new Error(`the password hash of ${name} in ${realm} is not one of Argon2id`)
      })

const acceptable = (
  password: Redacted.Redacted,
  name: string,
  options: PasswordOptions | undefined
): Effect.Effect<Uint8Array, Password.BadPassword> => {
  const problem = Password.problemWith(password, name, options?.minLength)
  return problem === undefined ? Effect.succeed(Password.toBytes(password)!) : Effect.fail(problem)
}

type Attempted = "UnknownName" | "WrongPassword" | Attempts.Locked | Derivation.Overloaded | Sql

const toLoginFailed = (
  error: Attempted,
  peer: { readonly realm: string; readonly username: string; readonly address: string }
): LoginFailed | Sql => {
  const reason = loginFailure(error)
  return typeof reason === "string" ? new LoginFailed({ ...peer, reason }) : reason
}

const loginFailure = (error: Attempted): LoginFailure | Sql => {
  if (typeof error === "string") return error
  switch (error._tag) {
    case "Locked":
      return error.kind === "name" ? "NameLocked" : "AddressLocked"
    case "Overloaded":
      return "Overloaded"
    case "SqlError":
      return error
  }
}
