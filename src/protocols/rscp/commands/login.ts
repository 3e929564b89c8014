import { Effect } from "effect"
import { Accounts } from "../../../accounts/Accounts.ts"
import { command, realm, type Step, tooEarly } from "../Session.ts"

/**
 * `AUTHENTIFICATION LOGIN:USERNAME=username:PASSWORD=password`: logs in. One that fails leaves the state as it is. On a
 * public server there is nothing to log in to, so it succeeds for whoever is connected.
 */
export default command(
  "login",
  Effect.map(Accounts, (accounts) => {
    const login: Step<"login"> = ({ password, username }, session) =>
      accounts.login(realm, username, password, session.address).pipe(
        Effect.map(() => {
          session.state = "Connected"
          return { _tag: "Successful" } as const
        }),
        Effect.catchTag("LoginFailed", () => Effect.succeed({ _tag: "Failed" } as const)),
        Effect.orDie
      )
    return {
      public: { ...tooEarly.public, Connected: { _tag: "Successful" } },
      private: { Idle: tooEarly.private.Idle, Authentification: login, Connected: login }
    }
  })
)
