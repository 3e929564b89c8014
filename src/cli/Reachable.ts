/**
 * An endpoint on the command line that a client can connect to, which is none that a server takes over.
 */
import { Effect, type FileSystem, Option, Schema } from "effect"
import * as Endpoint from "../Endpoint.ts"
import type { BadConfiguration, Location } from "./ConfigurationFile.ts"
import * as Setting from "./Setting.ts"

export const Reachable = Endpoint.FromString.pipe(
  Schema.refine(Endpoint.isReachable, {
    expected: "an endpoint to connect to: tcp://HOST:PORT, tls://HOST:PORT or unix:PATH"
  })
)
export type Reachable = typeof Reachable.Type

/** Where a protocol is: the endpoint that was given, else the one that its server is told, else where that is by default. */
export const placeOf = Effect.fnUntraced(function* (
  given: Option.Option<Reachable>,
  protocol: string,
  location: Location,
  byDefault: (data: string) => Reachable
): Effect.fn.Return<Reachable, BadConfiguration, FileSystem.FileSystem> {
  if (Option.isSome(given)) return given.value
  const told = yield* Setting.told(protocol, Setting.readFile(location))
  return Option.getOrElse(decode(told?.text), () => byDefault(location.data))
})

const decode = Schema.decodeUnknownOption(Reachable)
