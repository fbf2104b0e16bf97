import { join } from 'node:path'
import { Database } from '../../../src/db/engine/database.js'
import { readClock } from '../../../src/db/meta.js'
import { stateDigest } from '../../../src/db/regional/digest.js'
import { faultsOfGrandDir } from './grand-dir.js'
import { faultsOfQuietRegional } from './regional-dir.js'
import { digestOfReplay } from './replay.js'

/** Columns derived from merged state: equal on every server, but not part of the digest. */
const DERIVED = [
  `select id, username_shown, email_shown, username_login, email_login, used_storage from users
   where deleted = 0 order by id`,
  `select id, name_folded, gseq from files
   where deleted = 0 and owner_id in (select id from users where deleted = 0) order by id`,
]

/**
 * Checks the folders of a stopped sphere that had converged: each folder by itself, the regionals against each other,
 * and each regional against a replay of the grand's log.
 * @param regionals the data folder of each regional, by name
 */
export async function faultsOfSphere(grandDir: string, regionals: Map<string, string>): Promise<string[]> {
  const faults = (await faultsOfGrandDir(grandDir)).map((fault) => `grand: ${fault}`)
  const states: { name: string; digest: string; derived: string }[] = []
  for (const [name, dataDir] of regionals) {
    faults.push(...(await faultsOfQuietRegional(dataDir)).map((fault) => `${name}: ${fault}`))
    await using db = Database.open(join(dataDir, 'regional.db'), 'regional')
    const digest = await stateDigest(db)
    if ((await digestOfReplay(grandDir, readClock(db))) !== digest) {
      faults.push(`${name}: a replay of the log gives another state`)
    }
    const derived = DERIVED.map((sql) => JSON.stringify(db.all({ sql, parameters: [] }))).join('\n')
    states.push({ name, digest, derived })
  }
  const [first, ...others] = states
  for (const { name, digest, derived } of others) {
    if (digest !== first?.digest) faults.push(`${name} has another state than ${first?.name}`)
    if (derived !== first?.derived) faults.push(`${name} has other derived columns than ${first?.name}`)
  }
  return faults
}
