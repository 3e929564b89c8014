/**
 * Why an endpoint cannot be listened on.
 */
import { Schema } from "effect"

/**
 * An endpoint that cannot be listened on. The message is one line for the operator: what is wrong and what to do.
 */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", {
  endpoint: Schema.String,
  problem: Schema.String,
  advice: Schema.String
}) {
  override get message(): string {
    return `cannot listen on ${this.endpoint}: ${this.problem}; ${this.advice}`
  }
}

/** What the error of a call means to the operator. */
export const fromCause = (endpoint: string, cause: NodeJS.ErrnoException): ListenError => {
  const [problem, advice] = explanations[cause.code ?? ""] ?? [cause.message, "choose another endpoint"]
  return new ListenError({ endpoint, problem, advice })
}

const explanations: Record<string, readonly [problem: string, advice: string]> = {
  EADDRINUSE: ["the address is in use", "stop the program that listens there or choose another"],
  EADDRNOTAVAIL: ["this machine does not have the address", "choose one of its own, or 0.0.0.0 for all"],
  EACCES: ["permission denied", "choose a port above 1023 or a path in a writable directory"],
  ENOTFOUND: ["the host name is unknown", "write an address"],
  ENOENT: ["its directory does not exist", "create it or choose another path"],
  ENOTDIR: ["a part of its path is not a directory", "choose another path"],
  ENOTSOCK: ["the descriptor is not a socket", "pass a listening stream socket"],
  EINVAL: ["the descriptor is not a socket that can be listened on", "pass a listening stream socket"]
}
