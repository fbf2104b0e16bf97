type Resource = Disposable | AsyncDisposable

/** Resources that end together, the last one first (Node 22 has no AsyncDisposableStack). */
export class Resources implements AsyncDisposable {
  #held: Resource[] = []

  use<T extends Resource>(resource: T): T {
    this.#held.push(resource)
    return resource
  }

  /** Hands all of them to a new owner: this one then holds nothing. */
  move(): Resources {
    const owner = new Resources()
    owner.#held = this.#held
    this.#held = []
    return owner
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let resource = this.#held.pop(); resource !== undefined; resource = this.#held.pop()) {
      if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]()
      else resource[Symbol.dispose]()
    }
  }
}
