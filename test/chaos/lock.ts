/** A fair read-write lock: a waiting exclusive holder goes before later shared ones. */
export class Lock {
  #inside = 0
  #alone = false
  #waiting: { isAlone: boolean; enter: () => void }[] = []

  async shared<T>(work: () => Promise<T>): Promise<T> {
    return this.#with(false, work)
  }

  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#with(true, work)
  }

  async #with<T>(isAlone: boolean, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((enter) => {
      this.#waiting.push({ isAlone, enter })
      this.#admit()
    })
    try {
      return await work()
    } finally {
      this.#inside -= 1
      this.#alone = false
      this.#admit()
    }
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting
      if (next === undefined || this.#alone || (next.isAlone && this.#inside > 0)) return
      this.#waiting.shift()
      this.#inside += 1
      this.#alone = next.isAlone
      next.enter()
    }
  }
}
