import { Effect } from "effect"
import { Calculator } from "../Calculator.ts"
import type { Reply } from "../Protocol.ts"
import { command, type Step, tooEarly, waiting } from "../Session.ts"

const response = (id: string, answer: string): Reply => ({ _tag: "Response", id, answer })

/** `FUNCTION:ID=id:PARAM1=data:...`: computes. What cannot be done is answered too, `ANSWER=ERROR reason`. */
export default command(
  "function",
  Effect.map(Calculator, (calculator) => {
    const compute: Step<"function"> = ({ id, param }, session) => {
      const answer = calculator.compute(id, param)
      return typeof answer === "string"
        ? response(id, answer)
        : waiting(
            session,
            Effect.map(answer, (answer) => response(id, answer))
          )
    }
    return {
      public: { ...tooEarly.public, Connected: compute },
      private: { ...tooEarly.private, Connected: compute }
    }
  })
)
