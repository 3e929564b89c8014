/**
 * The life of a server under measurement: a place of its own, the start, the line that says it serves, the end.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Contender, Place } from "./benchmark.ts"
import { type Core, start } from "./processes.ts"

export interface Serving {
  readonly pid: number
  readonly directory: string
  readonly socket: string
  /** From the start of the process to the line that says it serves. */
  readonly startSeconds: number
  readonly stop: () => Promise<void>
}

const startsWithin = 15

const root = mkdtempSync(join(tmpdir(), "wireline-bench-"))
let places = 0

/** Removes the files of all servers. Synchronous, so that it can be the last act of the process. */
export const removeFiles = (): void => rmSync(root, { recursive: true, force: true })

/** A new place, its directory empty. */
export const makePlace = (): Place => {
  const directory = join(root, String(places++))
  mkdirSync(directory)
  return { directory, socket: join(directory, "wireline.socket") }
}

export const serve = async (
  contender: Contender,
  core: Core,
  moreArguments: ReadonlyArray<string> = [],
  place: Place = makePlace()
): Promise<Serving> => {
  const begin = performance.now()
  const { nextLine, pid, stop } = start([...contender.command(place), ...moreArguments], core)
  const deadline = begin + startsWithin * 1000
  let line = await nextLine(startsWithin)
  while (!contender.isReady(line, place)) {
    line = await nextLine(Math.max(0, deadline - performance.now()) / 1000)
  }
  return { ...place, pid, startSeconds: (performance.now() - begin) / 1000, stop }
}
