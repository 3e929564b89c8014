/**
 * What sec-lsm-manager is told on the command line.
 */
import { Schema } from "effect"
import { join } from "node:path"
import { maxLength } from "../protocols/sec-lsm-manager/Protocol.ts"
import * as Setting from "./Setting.ts"

export const defaultEndpoint = (data: string) =>
  ({ _tag: "Unix", path: join(data, "sec-lsm-manager.socket") }) as const

const table = Setting.inTable("sec-lsm-manager")

export const settings = {
  secLsmManager: Setting.endpoint("sec-lsm-manager", "Where sec-lsm-manager is served", defaultEndpoint),
  secLsmManagerMaxFrame: Setting.maxFrame("sec-lsm-manager", "message of sec-lsm-manager", maxLength),
  securityModule: Setting.make(
    "security-module",
    Schema.Literals(["record", "smack"]),
    "What an application is installed into: record only writes down what would be done, smack does it (default: record)"
  ).pipe(table, Setting.withMetavar("record|smack"), Setting.withDefault("record")),
  policyDirectory: Setting.make(
    "policy-dir",
    Schema.NonEmptyString,
    "The directory of the policies (default: DATA/policies, or /etc/smack/accesses.d with smack)"
  ).pipe(table, Setting.withMetavar("DIR"), Setting.optional())
}
