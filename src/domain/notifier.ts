/**
 * Notifies subscribers that a user's events changed. A notification carries no data: the subscriber reads the event log
 * from its last position.
 */
export class Notifier {
  readonly #subscribers = new Map<string, Set<() => void>>()

  /** Calls `onChange` after each commit that concerns the user; returns a function that unsubscribes. */
  subscribe(userId: string, onChange: () => void): () => void {
    const subscribers = this.#subscribers.get(userId) ?? new Set()
    this.#subscribers.set(userId, subscribers.add(onChange))
    return () => {
      subscribers.delete(onChange)
      if (subscribers.size === 0 && this.#subscribers.get(userId) === subscribers)
        this.#subscribers.delete(userId)
    }
  }

  subscriberCount(userId: string): number {
    return this.#subscribers.get(userId)?.size ?? 0
  }

  /** The users with at least one subscriber. */
  userIds(): string[] {
    return [...this.#subscribers.keys()]
  }

  notify(userId: string): void {
    for (const onChange of this.#subscribers.get(userId) ?? []) onChange()
  }
}
