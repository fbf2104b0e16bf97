/** Calls its subscribers, in the order in which they subscribed. */
export class Signal {
  readonly #subscribers = new Set<() => void>()

  /** @returns the subscription, which ends when it is disposed of */
  subscribe(subscriber: () => void): Disposable {
    this.#subscribers.add(subscriber)
    return { [Symbol.dispose]: () => void this.#subscribers.delete(subscriber) }
  }

  emit(): void {
    for (const subscriber of this.#subscribers) subscriber()
  }
}
