import { Context, Effect } from "effect"
import { Accounts } from "../../../accounts/Accounts.ts"
import * as Command from "../../../Command.ts"
import { type Auth, Authenticated, Exon, NotAuthenticated } from "../Protocol.ts"
import { Session } from "../Session.ts"
import { Store } from "../Store.ts"

/** The accounts that may log in here. */
const realm = "exon"

/**
 * `auth username="USER"::passwd="PASSWORD"`: logs in on this connection, in the place of whoever was logged in. A login
 * that fails leaves everything as it is: whoever was logged in before still is.
 */
export default Command.layer(
  Exon,
  "auth",
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const store = yield* Store
    return ({ passwd, username }: typeof Auth.Type, connection: Context.Context<Session>) => {
      const session = Context.get(connection, Session)
      const { address } = session
      return accounts.login(realm, username, passwd, address).pipe(
        Effect.flatMap(({ name }) =>
          Effect.map(store.audit({ event: "login", author: name, address }), () => {
            session.user = name
            return Authenticated.make({ data: username })
          })
        ),
        Effect.catchTag("LoginFailed", () =>
          Effect.as(
            store.audit({ event: "failed login", author: username, address }),
            NotAuthenticated.make({ data: username })
          )
        ),
        Effect.orDie
      )
    }
  })
)
