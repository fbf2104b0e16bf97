import type { World } from '../model/world.js'
import { type ChaosSphere, QUOTA_BYTES, REGIONALS } from '../sphere.js'
import type { Found } from './accounts.js'
import { lookAt } from './accounts.js'
import { type Apart, faultsBetween } from './sphere.js'
import { withClients } from './view.js'

/** Looks at a quiet sphere as everybody does: what was acknowledged and is lost, and all else that is wrong. */
export async function checkWorld(
  sphere: ChaosSphere,
  world: World,
  apart: Apart[],
): Promise<{ lost: string[]; wrong: string[] }> {
  const urls = new Map(REGIONALS.map((name) => [name as string, sphere.url(name)]))
  return withClients(urls, async (clients) => {
    const found: Found[] = []
    for (const account of world.accounts) found.push(await lookAt(account, clients))
    return {
      lost: found.flatMap(({ lost }) => lost),
      wrong: [...found.flatMap(({ wrong }) => wrong), ...faultsBetween(world, found, QUOTA_BYTES, apart)],
    }
  })
}
