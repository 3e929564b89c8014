import { all } from "../functions/Catalogue.ts"
import { Functions } from "../Protocol.ts"
import { command, tooEarly } from "../Session.ts"

const [first, ...rest] = all.map(({ id, name, parameters }) => ({ function: name, id, nbparam: parameters }))

const functions = Functions.make({ functions: [first!, ...rest] })

/** `LIST FUNCTION`: the functions that there are. */
export default command("list", {
  public: { ...tooEarly.public, Connected: functions },
  private: { ...tooEarly.private, Connected: functions }
})
