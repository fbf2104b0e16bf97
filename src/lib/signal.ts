/** Wakes its subscribers, in the order in which they came. */
export class Signal {
  readonly #subscribers = new Set<() => void>()

  /** Until what this returns is disposed of. */
  subscribe(wake: () => void): Disposable {
    this.#subscribers.add(wake)
    return { [Symbol.dispose]: () => void this.#subscribers.delete(wake) }
  }

  emit(): void {
    for (const wake of this.#subscribers) wake()
  }
}
