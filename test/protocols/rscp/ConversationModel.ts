/**
 * A small model of the protocol's states, written from the specification and the notes on it alone: a function from a
 * line to the line that answers it.
 */

export type State = "Idle" | "Authentification" | "Connected"

/** What all connections share. */
export interface World {
  readonly access: "public" | "private"
  /** Passwords, by name in small letters. */
  readonly people: Map<string, string>
  readonly failures: Map<string, number>
}

export interface Session {
  state: State
}

export interface Answer {
  /** None for `DISCONNECT`. */
  readonly reply: string | undefined
  readonly closes: boolean
}

const reply = (text: string): Answer => ({ reply: text, closes: false })

/** The keys that each kind of message has, in the order of the alphabet. */
const grammar: Readonly<Record<string, RegExp>> = {
  "CONNECT REQUEST": /^$/,
  "AUTHENTIFICATION LOGIN": /^PASSWORD USERNAME$/,
  "AUTHENTIFICATION CREATE": /^EMAIL PASSWORD USERNAME$/,
  DISCONNECT: /^$/,
  "LIST FUNCTION": /^$/,
  FUNCTION: /^ID(?: PARAM1)?$/
}

/** The kind of message that a line is. */
const kindOf = (line: string): string => {
  const [kind = "", ...parts] = line.split(":")
  const keys = parts.map((part) => part.slice(0, part.indexOf("=")))
  return grammar[kind]?.test(keys.toSorted().join(" ")) === true ? kind : "malformed"
}

export const answer = (world: World, session: Session, line: string): Answer => {
  const value = Object.fromEntries(
    line.split(":").map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)])
  )
  const isPrivate = world.access === "private"
  const early = reply(`AUTHENTIFICATION ${isPrivate ? "REQUEST" : "FAILED"}`)
  switch (kindOf(line)) {
    case "CONNECT REQUEST":
      if (session.state === "Idle") session.state = isPrivate ? "Authentification" : "Connected"
      return reply(`AUTHENTIFICATION ${isPrivate ? "REQUEST" : "SUCCESSFUL"}`)
    case "DISCONNECT":
      return { reply: undefined, closes: true }
    case "AUTHENTIFICATION LOGIN":
      if (session.state === "Idle") return early
      if (!isPrivate) return reply("AUTHENTIFICATION SUCCESSFUL")
      return login(world, session, value["USERNAME"]!.toLowerCase(), value["PASSWORD"]!)
    case "AUTHENTIFICATION CREATE":
      if (session.state === "Idle") return early
      return isPrivate && isNew(world, value["USERNAME"]!, value["PASSWORD"]!, value["EMAIL"]!)
        ? reply("AUTHENTIFICATION CREATE SUCCESS")
        : reply("AUTHENTIFICATION CREATE FAILED")
    case "LIST FUNCTION":
      return session.state === "Connected" ? reply("the list") : early
    case "FUNCTION":
      return session.state === "Connected"
        ? reply(`FUNCTION RESPONSE:ID=${value["ID"]}:ANSWER=${value["PARAM1"] ?? ""}`)
        : early
    default:
      return reply("ERROR:REASON=malformed message")
  }
}

const login = (world: World, session: Session, name: string, password: string): Answer => {
  const failures = world.failures.get(name) ?? 0
  if (failures < 5 && world.people.get(name) === password) {
    world.failures.delete(name)
    session.state = "Connected"
    return reply("AUTHENTIFICATION SUCCESSFUL")
  }
  if (failures < 5) world.failures.set(name, failures + 1)
  return reply("AUTHENTIFICATION FAILED")
}

const isNew = ({ people }: World, name: string, password: string, email: string): boolean => {
  const isGood = !people.has(name.toLowerCase()) && password.length >= 6 && email.includes("@")
  if (isGood) people.set(name.toLowerCase(), password)
  return isGood
}
