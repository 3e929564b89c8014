import { Effect } from "effect"
import { Accounts } from "../../../accounts/Accounts.ts"
import { Authenticated, NotAuthenticated } from "../Protocol.ts"
import { command } from "../Session.ts"
import { Store } from "../Store.ts"

/** The accounts that may log in here. */
const realm = "exon"

/**
 * `auth username="USER"::passwd="PASSWORD"`: logs in on this connection, in the place of the user before. A failed login
 * leaves everything as it is: the user before is still logged in.
 */
export default command(
  "auth",
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const store = yield* Store
    return ({ passwd, username }, { peer: { address }, session }) =>
      accounts.login(realm, username, passwd, address).pipe(
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
  })
)
