type Resource = Disposable | AsyncDisposable

/** Resources that are disposed of together, in reverse order (Node 22 has no AsyncDisposableStack). */
export class Resources implements AsyncDisposable {
  #resources: Resource[] = []

  use<T extends Resource>(resource: T): T {
    this.#resources.push(resource)
    return resource
  }

  /** Moves all resources to a new owner, and leaves this one empty. */
  move(): Resources {
    const owner = new Resources()
    owner.#resources = this.#resources
    this.#resources = []
    return owner
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let resource = this.#resources.pop(); resource !== undefined; resource = this.#resources.pop()) {
      if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]()
      else resource[Symbol.dispose]()
    }
  }
}
