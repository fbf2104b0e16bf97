/**
 * Wakes whoever waits on what concerns a user. A signal carries no data: it says "look", and the reader reads again
 * from the database by position.
 */
export class Live {
  readonly #listeners = new Map<string, Set<() => void>>()

  /** Calls `look` after every commit that concerns the user; returns the way to stop it. */
  listen(userId: string, look: () => void): () => void {
    const listeners = this.#listeners.get(userId) ?? new Set()
    this.#listeners.set(userId, listeners.add(look))
    return () => {
      listeners.delete(look)
      if (listeners.size === 0 && this.#listeners.get(userId) === listeners) this.#listeners.delete(userId)
    }
  }

  /** How many listen for one user. */
  count(userId: string): number {
    return this.#listeners.get(userId)?.size ?? 0
  }

  /** Who is listened for. */
  users(): string[] {
    return [...this.#listeners.keys()]
  }

  wake(userId: string): void {
    for (const look of this.#listeners.get(userId) ?? []) look()
  }
}
