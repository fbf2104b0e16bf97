import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { NO_HASH } from '../../../src/log/change-log.js'
import { faultOfChange } from '../../../src/model/change-reader.js'
import { sha256 } from '../person.js'

interface LogRow {
  gseq: number
  id: string
  origin: string
  epoch: string
  oseq: number
  change: string
  ghash: string
}

/**
 * Checks the folder of a stopped grand. Faults are gaps and broken hashes of the log, invalid changes, missing, corrupt
 * or unreferenced blobs, and temporary files.
 */
export async function faultsOfGrandDir(dataDir: string): Promise<string[]> {
  const db = new BetterSqlite3(join(dataDir, 'grand.db'), { readonly: true })
  try {
    return [
      ...chainFaults(db),
      ...orderFaults(db),
      ...(db.prepare('select sha256 from missing').pluck().all() as string[]).map(
        (name) => `missing blob: ${name}`,
      ),
      ...blobRefFaults(db),
      ...(await blobFaults(db, join(dataDir, 'blobs'))),
      ...(await temporaryFiles(join(dataDir, 'tmp'))),
      ...(await temporaryFiles(join(dataDir, 'incoming'))),
    ]
  } finally {
    db.close()
  }
}

function chainFaults(db: BetterSqlite3.Database): string[] {
  const faults: string[] = []
  let last = { gseq: 0, ghash: NO_HASH }
  for (const entry of db.prepare('select * from log order by gseq').iterate() as Iterable<LogRow>) {
    const ghash = createHash('sha256').update(last.ghash).update(entry.change).digest('hex')
    if (entry.gseq !== last.gseq + 1) faults.push(`entry ${entry.gseq} follows ${last.gseq}`)
    if (entry.ghash !== ghash) faults.push(`entry ${entry.gseq} breaks the chain`)
    const fault = faultOfChange(JSON.parse(entry.change))
    if (fault !== undefined) faults.push(`entry ${entry.gseq}: ${fault}`)
    last = entry
  }
  return faults
}

/** Within an epoch, the log has the changes of an origin in the order of their `oseq`. */
function orderFaults(db: BetterSqlite3.Database): string[] {
  const sql = `select gseq from (
    select gseq, oseq, lag(oseq) over (partition by origin, epoch order by gseq) as before from log
  ) where oseq <= before`
  return (db.prepare(sql).pluck().all() as number[]).map((gseq) => `entry ${gseq} is out of order`)
}

function blobRefFaults(db: BetterSqlite3.Database): string[] {
  const sql = `select key from blob_refs
    where coalesce(owner_id, '') not in (select key from tombstones where kind = 'user')
    and not exists (select 1 from blobs where blobs.sha256 = blob_refs.sha256 and blobs.size = blob_refs.size)`
  return (db.prepare(sql).pluck().all() as string[]).map((id) => `the row ${id} lacks its blob`)
}

async function blobFaults(db: BetterSqlite3.Database, folder: string): Promise<string[]> {
  const faults: string[] = []
  const rows = db.prepare('select sha256, content from blobs').iterate() as Iterable<{
    sha256: string
    content: Buffer | null
  }>
  const files = new Set<string>()
  for (const row of rows) {
    if (row.content === null) files.add(row.sha256)
    else if (sha256(row.content) !== row.sha256)
      faults.push(`the blob ${row.sha256} in the database is corrupt`)
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name)
    if (!files.delete(basename(path))) faults.push(`the blob ${entry.name} has no row`)
    if (sha256(await readFile(path)) !== entry.name) faults.push(`the blob file ${entry.name} is corrupt`)
  }
  return [...faults, ...[...files].map((name) => `the blob row ${name} has no file`)]
}

async function temporaryFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).map((name) => `temporary file ${basename(folder)}/${name}`)
}
