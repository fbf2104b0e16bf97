import { type Random, systemRandom } from '../lib/random.js'
import type { Database } from './engine/database.js'
import { mintEpoch, readMeta, writeMeta } from './meta.js'

/** The folder belongs to a server of another name. */
export class WrongServerError extends Error {}

/**
 * Gives a new database its server's name and its first epoch; later ones have to be opened under the same name.
 * @throws WrongServer
 */
export async function ensureIdentity(
  db: Database,
  server: string,
  random: Random = systemRandom,
): Promise<void> {
  const known = readMeta(db, 'server')
  if (known !== undefined && known !== server) {
    throw new WrongServerError(`the data is that of the server ${known}, and this one is ${server}`)
  }
  if (known !== undefined) return
  await db.write((tx) => {
    writeMeta(tx, 'server', server)
    mintEpoch(tx, random)
  })
}
