import type { World } from '../model/world.js'
import { type ChaosSphere, QUOTA_BYTES, REGIONALS } from '../sphere.js'
import type { Found } from './accounts.js'
import { checkAccount } from './accounts.js'
import { type Diverged, faultsBetween } from './sphere.js'
import { withClients } from './view.js'

/** Compares a converged sphere with the model; returns lost data and all other faults. */
export async function checkWorld(
  sphere: ChaosSphere,
  world: World,
  diverged: Diverged[],
): Promise<{ lost: string[]; wrong: string[] }> {
  const urls = new Map(REGIONALS.map((name) => [name as string, sphere.url(name)]))
  return withClients(urls, async (clients) => {
    const found: Found[] = []
    for (const account of world.accounts) found.push(await checkAccount(account, clients))
    return {
      lost: found.flatMap(({ lost }) => lost),
      wrong: [...found.flatMap(({ wrong }) => wrong), ...faultsBetween(world, found, QUOTA_BYTES, diverged)],
    }
  })
}
