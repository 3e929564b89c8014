import { Context, Inspectable } from "effect"

/**
 * Counts the requests of one connection. `17-4` is the fourth frame of the 17th connection since the server of a
 * protocol started, and `17-0` what is before the first: made of that only when it is logged, because every request counts
 * and few are logged.
 */
export class RequestCount {
  /** How many frames of the connection have been answered, with the one that is being answered. */
  frames = 0
  private readonly connection: number

  constructor(connection: number) {
    this.connection = connection
  }

  /** The id of the request that came as the connection's frame of this number, from 1 on. */
  at(frame: number): string {
    return `${this.connection}-${frame}`
  }

  toString(): string {
    return this.at(this.frames)
  }

  /** As logs show it. */
  toJSON(): string {
    return this.toString()
  }

  /** As loggers for the console show it. */
  [Inspectable.NodeInspectSymbol](): string {
    return this.toString()
  }
}

/**
 * Which request of its connection a command is answering: in the context of commands, as text. What they log has it by
 * itself; `connection.requestId` is the same for handlers; a `concurrent` one reads it before it waits.
 */
export class RequestId extends Context.Reference<{ readonly toString: () => string }>("wireline/RequestId", {
  defaultValue: () => "none"
}) {}
