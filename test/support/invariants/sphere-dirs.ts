import { join } from 'node:path'
import { Database } from '../../../src/db/engine/database.js'
import { readClock } from '../../../src/db/meta.js'
import { stateDigest } from '../../../src/db/regional/digest.js'
import { faultsOfGrandDir } from './grand-dir.js'
import { faultsOfQuietRegional } from './regional-dir.js'
import { digestOfReplay } from './replay.js'

/** What follows from merged state, and so has to be the same everywhere, though no digest counts it. */
const DERIVED = [
  `select id, username_shown, email_shown, username_login, email_login, used_storage from users
   where deleted = 0 order by id`,
  `select id, name_folded, gseq from files
   where deleted = 0 and owner_id in (select id from users where deleted = 0) order by id`,
]

/**
 * What is wrong in the folders of a whole sphere that was in step and is stopped: in each by itself, between the
 * regionals, and between them and what the grand's log tells from its beginning.
 * @param regionals the folder of each, by name
 */
export async function faultsOfSphere(grandDir: string, regionals: Map<string, string>): Promise<string[]> {
  const faults = (await faultsOfGrandDir(grandDir)).map((fault) => `grand: ${fault}`)
  const states: { name: string; digest: string; derived: string }[] = []
  for (const [name, dataDir] of regionals) {
    faults.push(...(await faultsOfQuietRegional(dataDir)).map((fault) => `${name}: ${fault}`))
    await using db = Database.open(join(dataDir, 'regional.db'), 'regional')
    const digest = await stateDigest(db)
    if ((await digestOfReplay(grandDir, readClock(db))) !== digest) {
      faults.push(`${name}: the log replayed from its beginning gives another state`)
    }
    const derived = DERIVED.map((sql) => JSON.stringify(db.all({ sql, parameters: [] }))).join('\n')
    states.push({ name, digest, derived })
  }
  const [first, ...others] = states
  for (const { name, digest, derived } of others) {
    if (digest !== first?.digest) faults.push(`${name} holds another state than ${first?.name}`)
    if (derived !== first?.derived) faults.push(`${name} shows other names or sums than ${first?.name}`)
  }
  return faults
}
