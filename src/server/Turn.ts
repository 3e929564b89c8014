/**
 * The one rule by which connections share the event loop: when answering has taken some milliseconds of one turn of the
 * loop, whichever connection is being answered lets all others go first.
 */

/** How long requests are answered in one turn of the event loop, in milliseconds. */
const maxTurn = 5

/** The clock is looked at after so much work, because reading it takes as long as some answers. */
const quantum = 8192

/** What one frame counts as, besides its bytes. */
const frameCost = 1024

export class Turn {
  private isOpen = false
  private since = 0
  private spent = 0

  /** Whether others have to go first now, after another frame or a chunk of this many bytes. */
  isOver(bytes = 0): boolean {
    this.spent += frameCost + bytes
    if (this.spent < quantum) return false
    this.spent = 0
    const now = performance.now()
    if (this.isOpen) return now - this.since > maxTurn
    this.isOpen = true
    this.since = now
    setImmediate(this.end)
    return false
  }

  private readonly end = (): void => {
    this.isOpen = false
  }
}
