import { verdictOf, type World } from '../model/world.js'
import type { Found } from './accounts.js'

/** A time during which the servers had not converged, in milliseconds since 1970. */
export interface Diverged {
  from: number
  until: number
}

/** Checks relations between accounts. */
export function faultsBetween(
  world: World,
  found: Found[],
  quotaBytes: number,
  diverged: Diverged[],
): string[] {
  return [
    ...friendFaults(world, found),
    ...nameFaults(found),
    ...found.flatMap((one) => quotaFaults(one, quotaBytes, diverged)),
  ]
}

function friendFaults(world: World, found: Found[]): string[] {
  const views = new Map(found.map(({ account, view }) => [account, view]))
  return world.pairs.flatMap(({ accounts: [a, b], active }) => {
    const [viewA, viewB] = [views.get(a), views.get(b)]
    if (viewA === undefined || viewB === undefined) return []
    const seen = [viewA.friends.includes(viewB.me.id), viewB.friends.includes(viewA.me.id)]
    const pair = `${a.username} and ${b.username}`
    if (seen[0] !== seen[1]) return [`${pair} are friends on one side only`]
    return active.permitted().has(seen[0] as boolean) ? [] : [`${pair} are ${seen[0] ? '' : 'not '}friends`]
  })
}

/** Of the accounts that claimed a name, exactly one shows it unchanged. */
function nameFaults(found: Found[]): string[] {
  const holders = new Map<string, number>()
  const claims = new Map<string, number>()
  for (const { account, view } of found) {
    if (view === undefined) continue
    const { username } = account
    const isPlain = view.me.username === username
    claims.set(username, (claims.get(username) ?? 0) + 1)
    holders.set(username, (holders.get(username) ?? 0) + Number(isPlain))
    if (!isPlain && view.me.username !== `${username}~${view.me.id.slice(-4)}`)
      return [`${username} is shown as ${view.me.username}`]
  }
  // A disabled account keeps its name and cannot be viewed.
  const hidden = new Set(
    found
      .filter(({ account }) => account.disabled.permitted().has(true))
      .map(({ account }) => account.username),
  )
  return [...claims.keys()]
    .filter((username) => !hidden.has(username) && holders.get(username) !== 1)
    .map((username) => `${holders.get(username)} accounts hold the name ${username}`)
}

/** Each server enforces the quota on what it knows; only servers that had not converged can exceed it together. */
function quotaFaults({ account, view }: Found, quotaBytes: number, diverged: Diverged[]): string[] {
  if (view === undefined) return []
  const faults: string[] = []
  const live = account.files.filter((file) => verdictOf(file.upload, ...file.deletions) === 'must')
  for (const server of new Set(live.map((file) => file.server))) {
    const uploadedHere = live.filter((file) => file.server === server)
    const sum = uploadedHere.reduce((total, { size }) => total + size, 0)
    if (sum > quotaBytes) faults.push(`${account.username}: ${server} alone accepted ${sum} bytes`)
  }
  const hadDiverged = live.some(({ upload }) =>
    diverged.some(({ from, until }) => upload.began <= until && upload.ended >= from),
  )
  if (view.me.used_storage > quotaBytes && !hadDiverged)
    faults.push(`${account.username} exceeds its quota although the servers had converged`)
  return faults
}
