/**
 * When logins are refused without looking at the password: the rule, without the database.
 *
 * Failures are counted per name of a realm, whether or not there is such an account, and per address, over all
 * realms. The fifth failure of a name within 15 minutes, and the twentieth of an address, locks it for 15 minutes from
 * then on, to the millisecond:
 *
 * - A failure counts for as long as it is less than 15 minutes old, and the lock ends when it is 15 minutes old; so
 *   whoever waits a lock out starts anew.
 * - A login counts as a failure from the moment it begins until it succeeds, so that many at once are not all let in
 *   because none has failed yet. What the lock owes to one that succeeds after all is taken back.
 * - A login that is refused because of the lock neither counts nor prolongs it.
 * - A login that succeeds forgives the name its failures; the address only that one login, for else an attacker
 *   with one account of his own would have as many guesses as he likes.
 *
 * Where peers may make accounts for themselves, that is counted per address in the same way, whatever comes of it: the
 * twentieth within 15 minutes is the last for 15 minutes.
 */
import { Duration, Option, Result } from "effect"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Name from "./Name.ts"

/** How long a failure counts, and how long a lock lasts, in milliseconds. */
export const period = Duration.toMillis("15 minutes")

/** How many failures lock a name, and an address, and how many registrations one address has. */
export const limits = { name: 5, address: 20, registration: 20 } as const

/** What failures are counted for. */
export interface Subject {
  readonly kind: keyof typeof limits
  /** Empty where it is an address, which is the same in all realms. */
  readonly realm: string
  readonly key: string
}

/** What is known of a subject: when its failures were (milliseconds since 1970), and until when it is locked. */
export interface Tally {
  readonly failures: ReadonlyArray<number>
  /** 0 where it is not. */
  readonly lockedUntil: number
}

export const isLocked = (tally: Tally, now: number): boolean => now < tally.lockedUntil

/** With one more failure; only for what is not locked. */
export const count = (tally: Tally, now: number, limit: number): Tally => {
  const failures = [...tally.failures.filter((at) => at > now - period), now]
  return { failures, lockedUntil: failures.length >= limit ? now + period : 0 }
}

/** Without the one that was counted then, and without the lock where it is owed to that. */
export const forgive = (tally: Tally, at: number, limit: number): Tally => {
  const index = tally.failures.indexOf(at)
  if (index === -1) return tally
  const failures = tally.failures.toSpliced(index, 1)
  return { failures, lockedUntil: failures.length >= limit ? tally.lockedUntil : 0 }
}

/** From when on there is nothing left to know. */
export const expiry = ({ failures, lockedUntil }: Tally): number =>
  Math.max(lockedUntil, ...failures.map((at) => at + period))

/** The subject that a name is; none for one that no account can have, so that nobody fills the database with them. */
export const nameSubject = (realm: string, name: string): Option.Option<Subject> =>
  Name.isValid(name) ? Option.some({ kind: "name", realm, key: Name.fold(name) }) : Option.none()

/**
 * The subject that a peer's address is: of `tcp://HOST:PORT` the host; of an IPv6 address the network of 64 bits, for
 * that much is anyone's who has one. None for peers without an address of their own, such as those of a Unix socket.
 */
export const addressSubject = (
  address: string,
  kind: Exclude<Subject["kind"], "name"> = "address"
): Option.Option<Subject> => {
  const match = /^[a-z]+:\/\/(?:\[([^\]%]+)(?:%[^\]]*)?\]|([^:[\]]+)):\d+$/.exec(address)
  const host = match?.[1] ?? match?.[2]
  return host === undefined ? Option.none() : Option.some({ kind, realm: "", key: networkOf(host) })
}

const networkOf = (host: string): string =>
  Result.match(NetAddress.ipFromString(host), {
    onFailure: () => host.toLowerCase(),
    onSuccess: (ip) =>
      NetAddress.isIpv4Address(ip)
        ? NetAddress.formatIp(ip)
        : Option.match(NetAddress.fromIpv4Mapped(ip), {
            onSome: NetAddress.formatIp,
            onNone: () => IpNetwork.format(IpNetwork.fromAddressUnsafe(ip, 64))
          })
  })
