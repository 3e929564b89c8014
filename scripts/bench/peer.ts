/**
 * A peer in no hurry: says the requests of a conversation over one connection, one after another, and checks the replies.
 */
import { connect, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import type { Exchange } from "./conversation.ts"

const patience = 5000

/** A connection, made after some tries where the server's backlog is full (a Unix socket then refuses with `EAGAIN`). */
export const open = async (path: string): Promise<Socket> => {
  const deadline = performance.now() + patience
  for (;;) {
    const socket = connect(path)
    const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      socket.once("connect", () => resolve(undefined))
      socket.once("error", resolve)
    })
    if (problem === undefined) return socket
    if (problem.code !== "EAGAIN" || performance.now() > deadline) throw problem
    await sleep(10)
  }
}

// Below the backlog that Node.js asks for (511), so that connecting rarely has to wait and try again.
const atOnce = 100

/** Makes connections, or says something on them, some at a time. */
export const inBatches = async <A>(count: number, make: (at: number) => Promise<A>): Promise<Array<A>> => {
  const made: Array<A> = []
  while (made.length < count) {
    const batch = Array.from({ length: Math.min(atOnce, count - made.length) }, (_, at) =>
      make(made.length + at)
    )
    made.push(...(await Promise.all(batch)))
  }
  return made
}

/** Says one request and waits for its reply; anything else, or nothing for five seconds, is an error. */
export const exchange = (socket: Socket, { reply, request }: Exchange): Promise<void> =>
  new Promise((resolve, reject) => {
    let heard = ""
    const leave = (problem: Error | undefined): void => {
      clearTimeout(timer)
      socket.off("data", listen).off("error", leave).off("close", closed)
      if (problem === undefined) resolve()
      else reject(problem)
    }
    const wrong = (): void => leave(new Error(`${JSON.stringify(request)} got ${JSON.stringify(heard)}`))
    const closed = (): void => leave(new Error(`connection closed at ${JSON.stringify(request)}`))
    const listen = (chunk: Buffer): void => {
      heard += chunk.toString()
      if (heard === reply) leave(undefined)
      else if (!reply.startsWith(heard)) wrong()
    }
    const timer = setTimeout(wrong, patience)
    socket.on("data", listen).on("error", leave).on("close", closed)
    socket.write(request)
  })

/** Says the exchanges over a connection of their own. */
export const say = async (path: string, exchanges: ReadonlyArray<Exchange>): Promise<void> => {
  if (exchanges.length === 0) return
  const socket = await open(path)
  for (const each of exchanges) await exchange(socket, each)
  socket.destroy()
}
