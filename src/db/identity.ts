import { type Random, systemRandom } from '../lib/random.js'
import type { Database } from './engine/database.js'
import { mintEpoch, readMeta, writeMeta } from './meta.js'

/** The data belongs to another server, or to the other kind of server. */
export class WrongServerError extends Error {}

/**
 * Gives a new database its server name and first epoch; checks the name of an existing one.
 * @throws WrongServerError
 */
export async function ensureIdentity(db: Database, server: string, random: Random = systemRandom) {
  const stored = readMeta(db, 'server')
  if (stored !== undefined && stored !== server) {
    throw new WrongServerError(`the data belongs to server ${stored}, but this server is ${server}`)
  }
  if (stored !== undefined) return
  await db.write((tx) => {
    writeMeta(tx, 'server', server)
    mintEpoch(tx, random)
  })
}
