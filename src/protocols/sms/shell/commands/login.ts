import { Effect, Redacted, Schema } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import { Accounts, type LoginFailed } from "../../../../accounts/Accounts.ts"
import { sms as realm } from "../../../../accounts/Realm.ts"
import * as Durability from "../../../../storage/Durability.ts"
import * as Account from "../../Account.ts"
import { Codes } from "../../Codes.ts"
import { Mail } from "../../Mail.ts"
import { Outbox } from "../../Outbox.ts"
import { orUnavailable } from "../../StorageUnavailable.ts"
import * as Command from "../Command.ts"
import type { CommandSession } from "../CommandSession.ts"
import * as Parameter from "../Parameter.ts"

const Method = Schema.Literals(["password", "otp", "mail", "code"])

type Session = CommandSession<{}>

const refuse = (text: string) => Effect.fail(new Command.CommandFailed({ text }))

/** Failures of logins are counted for the number alone: it is the one that texts, whichever gateway hands it over. */
const address = "sms"

/**
 * `login password PASSWORD` logs in at once. `login otp` sends a code by text message, `login mail` by mail; `login code
 * CODE` finishes either. With the third wrong try, or one after five minutes, the login is over, and whoever began it is a
 * guest again.
 *
 * A number without an account, or without an address for the mail, is answered as one with both, in the same time.
 */
export default Command.declare({
  name: "login",
  description: "logs in with a password, or with a code that is sent to you",
  usage: "login password PASSWORD, login otp, login mail, login code CODE",
  parameters: [
    Parameter.required("METHOD", Method),
    Parameter.optional("PROOF", Schema.RedactedFromValue(Schema.NonEmptyString))
  ],
  states: ["GUEST", "LOGININPROGRESS"]
}).handle(
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const codes = yield* Codes
    const mail = yield* Mail
    const outbox = yield* Outbox
    const sql = yield* SqlClient.SqlClient
    const durably = yield* Durability.durably

    /** Goes where the account may, now that it is proved to be his. */
    const enter = Effect.fnUntraced(function* (session: Session) {
      const account = yield* orUnavailable(Account.find(accounts, session.number))
      if (account === undefined) return yield* refuse("login failed")
      yield* session.transition(account.role)
      yield* Effect.logInfo(`logged in as ${account.role}`)
      return `logged in as ${account.role}`
    })

    const failed = ({ reason }: LoginFailed) =>
      Effect.andThen(
        Effect.logInfo(`a login failed: ${reason}`),
        refuse(reason === "Overloaded" ? "busy, try again later" : "login failed")
      )

    const withPassword = (session: Session, password: Redacted.Redacted) =>
      accounts
        .login(realm, session.number, password, address)
        .pipe(
          Effect.catchTag("LoginFailed", failed),
          orUnavailable,
          Effect.andThen(Effect.suspend(() => enter(session)))
        )

    const withCode = Effect.fnUntraced(function* (session: Session, code: Redacted.Redacted) {
      const { number, state } = session
      if (state !== "LOGININPROGRESS") return yield* refuse("no login in progress")
      return yield* accounts.loginWith(realm, number, address, codes.verify(number, code)).pipe(
        Effect.tapErrorTag("LoginFailed", () => giveUp(session)),
        Effect.catchTag("LoginFailed", failed),
        orUnavailable,
        Effect.andThen(Effect.suspend(() => enter(session)))
      )
    })

    /** A login whose code is of no use any more has come to its end. */
    const giveUp = Effect.fnUntraced(function* (session: Session) {
      if (!(yield* codes.pending(session.number))) yield* session.transition("GUEST")
    })

    /** Issues a code, and does something with it where there is an account. */
    const issue = Effect.fnUntraced(function* <A>(
      number: string,
      use: (account: Account.Account, code: string) => Effect.Effect<A, Command.Failure>
    ) {
      const code = yield* codes.issue(number)
      const account = yield* Account.find(accounts, number)
      return account === undefined ? undefined : yield* use(account, Redacted.value(code))
    })

    /** Begins a login, with what it takes to issue its code; the time for that does not depend on the account. */
    const begin = Effect.fnUntraced(function* <A>(session: Session, issuing: ReturnType<typeof issue<A>>) {
      const issued = yield* durably(sql.withTransaction(issuing)).pipe(
        Effect.catchTag("TooManyCodes", ({ message }) => refuse(`${message}, try again later`)),
        orUnavailable
      )
      if (session.state === "GUEST") yield* session.transition("LOGININPROGRESS")
      return issued
    })

    const byText = Effect.fnUntraced(function* (session: Session) {
      if (!outbox.sends) return yield* refuse("no texts are sent from here")
      const { number } = session
      yield* begin(
        session,
        issue(number, (_, code) => outbox.send(number, `${code} is your code, valid for 5 minutes`))
      )
      return underWay
    })

    const byMail = Effect.fnUntraced(function* (session: Session) {
      if (!mail.sends) return yield* refuse("no mail is sent from here")
      const letter = yield* begin(
        session,
        issue(session.number, ({ email }, code) =>
          Effect.succeed(
            email === undefined ? undefined : { to: email, subject: "Your code", text: `${code}\n` }
          )
        )
      )
      if (letter !== undefined) yield* mail.send(letter)
      return underWay
    })

    return ({ parameters: { METHOD, PROOF }, session }) => {
      switch (METHOD) {
        case "password":
          return PROOF === undefined ? badNumber : withPassword(session, PROOF)
        case "code":
          return PROOF === undefined ? badNumber : withCode(session, PROOF)
        case "otp":
          return PROOF === undefined ? byText(session) : badNumber
        case "mail":
          return PROOF === undefined ? byMail(session) : badNumber
      }
    }
  })
)

const badNumber = refuse("bad number of arguments")

const underWay = "a code is on its way, answer: login code CODE"
