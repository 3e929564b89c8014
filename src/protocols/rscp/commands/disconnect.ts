import { closing } from "../../../Protocol.ts"
import type { Reply } from "../Protocol.ts"
import { command } from "../Session.ts"

const close = () => closing<Reply>()

/** `DISCONNECT`: closes, in every state. */
export default command("disconnect", {
  public: { Idle: close, Connected: close },
  private: { Idle: close, Authentification: close, Connected: close }
})
