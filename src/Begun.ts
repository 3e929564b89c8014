/**
 * The answers of a conversation that come later (`Command.later`), in their places among those that were there at once.
 */
import { Effect, Exit } from "effect"
import * as Command from "./Command.ts"
import type * as Protocol from "./Protocol.ts"
import type { CommandTally } from "./Tally.ts"

/** An answer, and the command that it is of, unless it is of none. */
export interface Answered {
  readonly command: CommandTally | undefined
  readonly answer: Exit.Exit<Command.Outcome<Protocol.Tagged>>
  /** The number of the frame that it answers. */
  readonly frame: number
}

/** The place of an answer; empty until it has come. */
interface Place {
  readonly command: CommandTally | undefined
  readonly frame: number
  answer: Answered["answer"] | undefined
}

export class Begun {
  private places: Array<Place> = []
  private missing = 0
  /** Who waits for the last that is missing. */
  private settled: (() => void) | undefined

  /** How many there are, be they there or not. */
  get size(): number {
    return this.places.length
  }

  /** Begins one. */
  begin(later: Command.Later<Protocol.Tagged>, command: CommandTally, frame: number): void {
    const place: Place = { command, frame, answer: undefined }
    this.places.push(place)
    this.missing++
    const since = performance.now()
    Command.once(later, (answer) => {
      // What is still to be waited for is timed by whoever waits.
      if (!(Exit.isSuccess(answer) && Command.isEffect(answer.value))) {
        command.took((performance.now() - since) / 1000)
      }
      place.answer = answer
      if (--this.missing === 0) this.settled?.()
    })
  }

  /** Puts one that is there behind those that have begun. */
  add(answer: Protocol.Answer<Protocol.Tagged>, command: CommandTally | undefined, frame: number): void {
    this.places.push({ command, frame, answer: Exit.succeed(answer) })
  }

  /** Takes them all, where none is missing. */
  takeNow(): ReadonlyArray<Answered> | undefined {
    if (this.missing > 0) return undefined
    const answered = this.places.filter(isAnswered)
    this.places = []
    return answered
  }

  /** Waits until none is missing, and takes them all. */
  readonly take: Effect.Effect<ReadonlyArray<Answered>> = Effect.callback<ReadonlyArray<Answered>>(
    (resume) => {
      const answered = this.takeNow()
      if (answered !== undefined) return resume(Effect.succeed(answered))
      this.settled = () => {
        this.settled = undefined
        resume(Effect.succeed(this.takeNow() ?? []))
      }
      return Effect.sync(() => {
        this.settled = undefined
      })
    }
  )
}

const isAnswered = (place: Place): place is Place & Answered => place.answer !== undefined
