import { command, type Held } from "../Session.ts"

/** What the first one is answered; a second one is answered alike, and changes nothing. */
const answers = { public: { _tag: "Successful" }, private: { _tag: "Authentification" } } as const

const enter = (state: "Connected" | "Authentification") => (_request: unknown, session: Held) => {
  session.state = state
  return answers[session.access]
}

/** `CONNECT REQUEST`: opens the conversation. */
export default command("connect", {
  public: { Idle: enter("Connected"), Connected: answers.public },
  private: {
    Idle: enter("Authentification"),
    Authentification: answers.private,
    Connected: answers.private
  }
})
