import type { Contender, Prepared } from './row.js'

/** Registers a resource to dispose of after the row, in reverse order, and returns it. */
export type Register = <T extends AsyncDisposable>(resource: T) => T

/**
 * Prepares a row. `set` starts resources, which end with the row, or at once if `set` fails.
 * @param set calls `own` with each resource, and adds peers that are not installed to `missing`
 */
export async function prepared(
  set: (own: Register, missing: string[]) => Promise<Contender[]>,
): Promise<Prepared> {
  const owned: AsyncDisposable[] = []
  const missing: string[] = []
  const end = async () => {
    for (const resource of owned.reverse()) await resource[Symbol.asyncDispose]()
  }
  const own: Register = (resource) => {
    owned.push(resource)
    return resource
  }
  try {
    return { contenders: await set(own, missing), missing, [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}
