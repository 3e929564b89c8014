/**
 * A worker thread's program: answers one question after another. `Pool.ts` starts it, and ends it when it takes too
 * long.
 *
 * It speaks the messages of `effect/workers` without loading Effect, which would take longer than all the rest.
 */
import { getPriority, setPriority } from "node:os"
import { parentPort } from "node:worker_threads"
import type { PlatformMessage as Sent } from "effect/workers/Worker"
import type { PlatformMessage as Received } from "effect/workers/WorkerRunner"
import { answer, type Question } from "../functions/Question.ts"
import { tooLarge } from "../functions/Refusal.ts"
import { algebra } from "./Algebra.ts"

/** How nice this thread is, so that the event loop goes first. Only Linux lets a thread differ from its process. */
const niceness = 5

const send = (message: Sent): void => parentPort?.postMessage(message)

/** Recursion that ran out of stack is one more thing that is too large. */
const answerTo = (question: Question): string => {
  try {
    return answer(question, algebra)
  } catch (error) {
    if (error instanceof RangeError) return tooLarge.toString()
    throw error
  }
}

parentPort?.on("message", ([kind, question]: Received<Question>) => {
  if (kind === 0) send([1, answerTo(question)])
  else parentPort?.close()
})

// What mathjs builds at first use is not to be waited for by the first who asks.
algebra.simplify("x + x")
algebra.derivative("x ^ 2", "x")
if (process.platform === "linux" && getPriority() < niceness) setPriority(niceness)
send([0])
