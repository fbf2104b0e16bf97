import { fate, type World } from '../model/world.js'
import type { Found } from './accounts.js'

/** A time during which not all servers were in step. Milliseconds since 1970. */
export interface Apart {
  from: number
  until: number
}

/** What is wrong between accounts. */
export function faultsBetween(world: World, found: Found[], quotaBytes: number, apart: Apart[]): string[] {
  return [
    ...friendFaults(world, found),
    ...nameFaults(found),
    ...found.flatMap((one) => quotaFaults(one, quotaBytes, apart)),
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
    return active.lawful().has(seen[0] as boolean) ? [] : [`${pair} are ${seen[0] ? '' : 'not '}friends`]
  })
}

/** Of those who asked for one name, one bears it as it is. */
function nameFaults(found: Found[]): string[] {
  const bearers = new Map<string, number>()
  const claims = new Map<string, number>()
  for (const { account, view } of found) {
    if (view === undefined) continue
    const { username } = account
    const isPlain = view.me.username === username
    claims.set(username, (claims.get(username) ?? 0) + 1)
    bearers.set(username, (bearers.get(username) ?? 0) + Number(isPlain))
    if (!isPlain && view.me.username !== `${username}~${view.me.id.slice(-4)}`)
      return [`${username} is shown as ${view.me.username}`]
  }
  // Who is disabled bears its name, and cannot be seen.
  const hidden = new Set(
    found.filter(({ account }) => account.disabled.lawful().has(true)).map(({ account }) => account.username),
  )
  return [...claims.keys()]
    .filter((username) => !hidden.has(username) && bearers.get(username) !== 1)
    .map((username) => `${bearers.get(username)} accounts bear the name ${username}`)
}

/** Each server keeps the quota with what it knows; only servers that were apart can exceed it together. */
function quotaFaults({ account, view }: Found, quotaBytes: number, apart: Apart[]): string[] {
  if (view === undefined) return []
  const faults: string[] = []
  const live = account.files.filter((file) => fate(file.upload, ...file.deletions) === 'must')
  for (const server of new Set(live.map((file) => file.server))) {
    const here = live.filter((file) => file.server === server)
    const sum = here.reduce((total, { size }) => total + size, 0)
    if (sum > quotaBytes) faults.push(`${account.username}: ${server} alone took ${sum} bytes`)
  }
  const wasApart = live.some(({ upload }) =>
    apart.some(({ from, until }) => upload.began <= until && upload.ended >= from),
  )
  if (view.me.used_storage > quotaBytes && !wasApart)
    faults.push(`${account.username} exceeds the quota, and the servers were never apart meanwhile`)
  return faults
}
