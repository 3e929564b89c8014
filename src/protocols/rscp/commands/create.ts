import { Effect } from "effect"
import { Accounts } from "../../../accounts/Accounts.ts"
import * as Email from "../../../accounts/Email.ts"
import { command, realm, Setup, type Step, tooEarly } from "../Session.ts"

/** The specification's own example has a password of 7. */
const minLength = 6

const failed = { _tag: "NotCreated" } as const

/**
 * `AUTHENTIFICATION CREATE:USERNAME=username:PASSWORD=password:EMAIL=user@name.tdl`: makes an account, and does not log
 * in to it.
 */
export default command(
  "create",
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const { registration } = yield* Setup
    const create: Step<"create"> = ({ email, password, username }, session) =>
      Email.isValid(email)
        ? accounts.register(realm, username, password, session.address, { email, minLength }).pipe(
            Effect.as({ _tag: "Created" } as const),
            Effect.catchTag("RegistrationFailed", () => Effect.succeed(failed)),
            Effect.orDie
          )
        : failed
    const step = registration ? create : failed
    return {
      public: { ...tooEarly.public, Connected: failed },
      private: { Idle: tooEarly.private.Idle, Authentification: step, Connected: step }
    }
  })
)
