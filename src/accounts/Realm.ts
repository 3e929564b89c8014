/**
 * A realm holds the accounts of one protocol, under its name. This is what is special about one of them: accounts of
 * `sms` are named by phone numbers (`PhoneNumber`), have a role, and need no password, for there are codes.
 */
import { Schema } from "effect"

/** The realm whose accounts are phone numbers. */
export const sms = "sms"

/** What an account of `sms` may do. */
export const Role = Schema.Literals(["USER", "ADMIN"])
export type Role = typeof Role.Type
