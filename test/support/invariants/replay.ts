import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { Database } from '../../../src/db/engine/database.js'
import { writeMeta } from '../../../src/db/meta.js'
import { stateDigest } from '../../../src/db/regional/digest.js'
import { applyChange } from '../../../src/db/regional/replica.js'
import type { Change } from '../../../src/model/change.js'

/** Log entries per transaction. */
const PAGE_ENTRIES = 1000

/**
 * Applies a grand's log, entry by entry, to an empty regional, and returns the digest of the merged state.
 * @param clock the clock of the regional to compare with, which decides which expired sessions count
 */
export async function digestOfReplay(grandDir: string, clock: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'replay-'))
  const log = new BetterSqlite3(join(grandDir, 'grand.db'), { readonly: true })
  try {
    await using db = Database.open(join(folder, 'regional.db'), 'regional')
    const page = log.prepare('select change from log where gseq > ? order by gseq limit ?').pluck()
    for (let after = 0; ; after += PAGE_ENTRIES) {
      const texts = page.all(after, PAGE_ENTRIES) as string[]
      if (texts.length === 0) break
      await db.write((tx) => {
        for (const text of texts) applyChange(tx, JSON.parse(text) as Change)
      })
    }
    await db.write((tx) => writeMeta(tx, 'clock', clock))
    return await stateDigest(db)
  } finally {
    log.close()
    await rm(folder, { recursive: true, force: true })
  }
}
