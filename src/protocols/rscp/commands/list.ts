import { Effect } from "effect"
import { all } from "../functions/Catalogue.ts"
import { Functions } from "../Protocol.ts"
import { command, tooEarly } from "../Session.ts"

const [first, ...rest] = all.map(({ id, name, parameters }) => ({ function: name, id, nbparam: parameters }))

const functions = Functions.make({ functions: [first!, ...rest] })

/** It is long, so whoever asks for it again and again lets others have their turn in between. */
const answer = () => Effect.as(Effect.yieldNow, functions)

/** `LIST FUNCTION`: the functions that there are. */
export default command("list", {
  public: { ...tooEarly.public, Connected: answer },
  private: { ...tooEarly.private, Connected: answer }
})
