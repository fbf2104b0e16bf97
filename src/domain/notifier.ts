/**
 * Wakes whoever waits on what concerns a user. A signal carries no data: it says "look", and the reader reads again
 * from the database by position.
 */
export class Notifier {
  readonly #subscribers = new Map<string, Set<() => void>>()

  /** Calls `look` after every commit that concerns the user; returns the way to stop it. */
  subscribe(userId: string, look: () => void): () => void {
    const listeners = this.#subscribers.get(userId) ?? new Set()
    this.#subscribers.set(userId, listeners.add(look))
    return () => {
      listeners.delete(look)
      if (listeners.size === 0 && this.#subscribers.get(userId) === listeners)
        this.#subscribers.delete(userId)
    }
  }

  /** How many listen for one user. */
  count(userId: string): number {
    return this.#subscribers.get(userId)?.size ?? 0
  }

  /** Who is listened for. */
  users(): string[] {
    return [...this.#subscribers.keys()]
  }

  notify(userId: string): void {
    for (const look of this.#subscribers.get(userId) ?? []) look()
  }
}
