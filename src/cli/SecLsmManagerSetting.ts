/**
 * What sec-lsm-manager is told on the command line.
 */
import { Schema } from "effect"
import { Flag } from "effect/cli"
import { join } from "node:path"
import { maxLength } from "../protocols/sec-lsm-manager/Protocol.ts"
import * as Setting from "./Setting.ts"

export const defaultEndpoint = (data: string) =>
  ({ _tag: "Unix", path: join(data, "sec-lsm-manager.socket") }) as const

export const settings = {
  secLsmManager: Setting.endpoint(
    "sec-lsm-manager",
    "Where sec-lsm-manager is served",
    "unix:DATA/sec-lsm-manager.socket"
  ),
  secLsmManagerMaxFrame: Setting.maxFrame("sec-lsm-manager", "message of sec-lsm-manager", maxLength),
  securityModule: Setting.make(
    "security-module",
    Schema.Literals(["record", "smack"]),
    "What an application is installed into: record only writes down what would be done, smack does it (default: record)"
  ).pipe(Flag.withMetavar("record|smack"), Flag.withDefault("record" as const)),
  policyDirectory: Setting.make(
    "policy-dir",
    Schema.NonEmptyString,
    "The directory of the policies (default: DATA/policies, or /etc/smack/accesses.d with smack)"
  ).pipe(Flag.withMetavar("DIR"), Flag.optional)
}
