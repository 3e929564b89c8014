/**
 * Which sessions are in memory, the one that was used the longest ago first, so that there are never many more than so
 * many: one that is in use stays, whatever their number.
 */
export class Residents {
  private readonly users = new Map<string, number>()
  private readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Notes a user of a session; returns the one that is to leave for it, if any. */
  enter(number: string): string | undefined {
    const users = this.users.get(number) ?? 0
    this.users.delete(number)
    this.users.set(number, users + 1)
    return this.users.size > this.capacity ? this.idle() : undefined
  }

  leave(number: string): void {
    this.users.set(number, (this.users.get(number) ?? 1) - 1)
  }

  /** Notes that a session is no longer in memory, unless somebody is about to have it there again. */
  forget(number: string): void {
    if (this.users.get(number) === 0) this.users.delete(number)
  }

  private idle(): string | undefined {
    for (const [number, users] of this.users) {
      if (users > 0) continue
      this.users.delete(number)
      return number
    }
    return undefined
  }
}
