/** Servers that run as somebody who may not go everywhere, also where the tests are run by root. */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { repository, type StartOptions } from "./Started.ts"

const isRoot = process.getuid?.() === 0

/** Root's stand-in; undefined where the tests have no privilege themselves. */
export const nobody = isRoot ? { uid: 65_534, gid: 65_534 } : undefined

/** Starts a process without privilege. */
export const unprivileged: StartOptions = nobody === undefined ? {} : { user: nobody }

/** What keeps the server from running so, if anything does. */
export const obstacle = ((): string | undefined => {
  if (nobody === undefined) return undefined
  const sees = (test: string, file: string) => spawnSync("test", [test, file], nobody).status === 0
  return sees("-x", process.execPath) && sees("-r", join(repository, "src/main.ts"))
    ? undefined
    : "as root, it takes a checkout that other users may read"
})()

if (obstacle !== undefined) console.log(`skipping the tests of servers without privilege: ${obstacle}`)
