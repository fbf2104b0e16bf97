import type { Contender, Prepared } from './row.js'

/** Takes what has to be ended with the row, in reverse order, and gives it back. */
export type Own = <T extends AsyncDisposable>(resource: T) => T

/**
 * Makes what a row prepares: `set` starts it, and what it has started ends with the row, or at once if `set` fails.
 * @param set calls `own` with each resource, and names peers that are not installed in `missing`
 */
export async function prepared(
  set: (own: Own, missing: string[]) => Promise<Contender[]>,
): Promise<Prepared> {
  const owned: AsyncDisposable[] = []
  const missing: string[] = []
  const end = async () => {
    for (const resource of owned.reverse()) await resource[Symbol.asyncDispose]()
  }
  const own: Own = (resource) => {
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
