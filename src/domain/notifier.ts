/**
 * Notifies subscribers that a user may have new events. A notification carries no data: the subscriber reads the event log
 * from its position.
 */
export class Notifier {
  readonly #subscribers = new Map<string, Set<() => void>>()

  /** Calls `subscriber` after every commit that concerns the user. @returns ends the subscription */
  subscribe(userId: string, subscriber: () => void): () => void {
    const listeners = this.#subscribers.get(userId) ?? new Set()
    this.#subscribers.set(userId, listeners.add(subscriber))
    return () => {
      listeners.delete(subscriber)
      if (listeners.size === 0 && this.#subscribers.get(userId) === listeners)
        this.#subscribers.delete(userId)
    }
  }

  /** Number of subscribers of one user. */
  count(userId: string): number {
    return this.#subscribers.get(userId)?.size ?? 0
  }

  /** Ids of the users with subscribers. */
  users(): string[] {
    return [...this.#subscribers.keys()]
  }

  notify(userId: string): void {
    for (const subscriber of this.#subscribers.get(userId) ?? []) subscriber()
  }
}
