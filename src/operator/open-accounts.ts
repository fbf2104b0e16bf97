/** The composition root of the operator's commands. They use a server's data folder, whether or not the server runs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { RegionalConfig } from '../config/config.js'
import { Database } from '../db/engine/database.js'
import { ensureIdentity } from '../db/identity.js'
import { type AccountServices, accountServices } from '../domain/account-services.js'
import { Resources } from '../lib/resources.js'

/**
 * Runs `work` on the accounts of a regional server.
 * @throws Error when the data folder has no database, and the errors of `work`
 */
export async function withAccounts<T>(
  config: RegionalConfig,
  work: (services: Pick<AccountServices, 'accounts' | 'administration'>) => Promise<T>,
): Promise<T> {
  const path = join(config.dataDir, 'regional.db')
  if (!existsSync(path)) throw new Error(`${config.dataDir} has no data of a regional server`)
  await using resources = new Resources()
  const db = resources.use(Database.open(path, 'regional'))
  await ensureIdentity(db, config.name)
  const { name: server, storageQuotaBytes, registration } = config
  return await work(accountServices({ server, db, now: Date.now, storageQuotaBytes, registration }))
}
