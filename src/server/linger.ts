/**
 * How a server leaves a peer that goes on sending. Closing at once would make the kernel reset the connection, and the peer
 * might lose the last reply.
 */
import { Effect } from "effect"
import type { Transport } from "../Transport.ts"

/** How long the peer may take to read the last reply, and go on sending. */
const lingerTime = "1 second"

/** How many bytes it may send meanwhile. */
const lingerSize = 16_777_216

/** Ends the output, and reads and forgets what the peer still sends. */
export const linger = (transport: Transport): Effect.Effect<void> =>
  Effect.andThen(transport.end, Effect.timeoutOption(discard(transport), lingerTime))

const discard = (transport: Transport): Effect.Effect<void> =>
  Effect.callback((resume) => {
    let left = lingerSize
    const end = () => {
      transport.pause()
      resume(Effect.void)
    }
    transport.resume({
      chunk: (chunk) => {
        left -= chunk.length
        if (left <= 0) end()
      },
      end
    })
    return Effect.sync(() => transport.pause())
  })
