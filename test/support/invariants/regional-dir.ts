import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { MAX_CHANGE_BYTES } from '../../../src/model/change.js'
import { faultOfChange } from '../../../src/model/change-reader.js'
import { sha256 } from '../person.js'

/**
 * Checks the folder of a regional that has no request in flight. Faults are temporary files, blobs without a row, rows
 * without a blob, corrupt blobs, a storage total that differs from the files, and changes that the grand would refuse.
 */
export async function faultsOfDataDir(dataDir: string): Promise<string[]> {
  const db = new BetterSqlite3(join(dataDir, 'regional.db'), { readonly: true })
  try {
    return [
      ...(await readdir(join(dataDir, 'tmp'))).map((name) => `temporary file ${name}`),
      ...(await blobFaults(db, join(dataDir, 'blobs'))),
      ...missingBlobs(db),
      ...storageFaults(db),
      ...outboxFaults(db),
    ]
  } finally {
    db.close()
  }
}

async function blobFaults(db: BetterSqlite3.Database, folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const rows = db.prepare('select sha256, size, content from blobs').all() as BlobRow[]
  const rowsWithFile = new Set(rows.filter((row) => row.content === null).map((row) => row.sha256))
  const faults = rows.filter(({ content, sha256: name }) => content && sha256(content) !== name)
  const wrong = faults.map(({ sha256: name }) => `the blob ${name} in the database is corrupt`)
  for (const path of files) {
    const name = basename(path)
    if (!rowsWithFile.delete(name)) wrong.push(`the blob ${name} has no row`)
    if (sha256(await readFile(path)) !== name) wrong.push(`the blob file ${name} is corrupt`)
  }
  return [...wrong, ...[...rowsWithFile].map((name) => `the blob row ${name} has no file`)]
}

interface BlobRow {
  sha256: string
  size: number
  content: Buffer | null
}

function missingBlobs(db: BetterSqlite3.Database): string[] {
  const sql = `select id from files where deleted = 0
    and not exists (select 1 from blobs where blobs.sha256 = files.sha256 and blobs.size = files.size)
    and not exists (select 1 from users where users.id = files.owner_id and users.deleted = 1)`
  return (db.prepare(sql).all() as { id: string }[]).map(({ id }) => `the file ${id} has no blob`)
}

/** Checks the folder of a regional whose sphere has converged: as `faultsOfDataDir`, and nothing is pending. */
export async function faultsOfQuietRegional(dataDir: string): Promise<string[]> {
  const db = new BetterSqlite3(join(dataDir, 'regional.db'), { readonly: true })
  try {
    return [
      ...(await faultsOfDataDir(dataDir)),
      ...(await readdir(join(dataDir, 'incoming'))).map((name) => `partial transfer ${name}`),
      ...PENDING.flatMap(([what, sql]) =>
        (db.prepare(sql).pluck().all() as string[]).map((one) => `${what} ${one}`),
      ),
    ]
  } finally {
    db.close()
  }
}

const PENDING: [what: string, sql: string][] = [
  ['dead letter:', "select gseq || ' ' || reason from dead_letters"],
  ['deferred:', "select kind || ' ' || key from deferred"],
  ['missing blob:', 'select sha256 from missing'],
  ['unpublished:', "select kind || ' ' || key from unpublished"],
  ['unacknowledged:', 'select change from outbox'],
  [
    'two live accounts with the username',
    'select username_login from users where deleted = 0 group by username_login having count(*) > 1',
  ],
  [
    'two live accounts with the email',
    'select email_login from users where deleted = 0 group by email_login having count(*) > 1',
  ],
]

function storageFaults(db: BetterSqlite3.Database): string[] {
  const sql = `select id, used_storage as used,
    (select coalesce(sum(size), 0) from files where owner_id = users.id and deleted = 0) as total from users`
  const rows = db.prepare(sql).all() as { id: string; used: number; total: number }[]
  return rows
    .filter(({ used, total }) => used !== total)
    .map(({ id, used, total }) => `${id} uses ${used} bytes, but its files sum up to ${total}`)
}

function outboxFaults(db: BetterSqlite3.Database): string[] {
  const { epoch } = db.prepare("select value as epoch from meta where key = 'epoch'").get() as {
    epoch: string
  }
  const rows = db.prepare('select oseq, change from outbox order by oseq').all() as {
    oseq: number
    change: string
  }[]
  return rows.flatMap(({ oseq, change }, index) => {
    const fullChange = { ...JSON.parse(change), oseq, epoch }
    const fault = faultOfChange(fullChange)
    const size = Buffer.byteLength(JSON.stringify(fullChange))
    return [
      ...(fault === undefined ? [] : [`the change ${oseq}: ${fault}`]),
      ...(size <= MAX_CHANGE_BYTES ? [] : [`the change ${oseq} has ${size} bytes`]),
      ...(oseq === index + 1 ? [] : [`the change ${oseq} is at position ${index + 1}`]),
    ]
  })
}
