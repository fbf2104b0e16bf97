import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BlobStore } from './blobs.js'
import type { Database, Tx } from './database.js'
import { FileTooShort } from './file-slice.js'

const PAGE = 100

/** After reading for a time the scrub rests as long: at most half of one core and of the disk are its own. */
const SHARE = 1

export interface ScrubOptions {
  db: Database
  blobs: BlobStore
  /** In the unit of work that forgets rotten bytes: takes note that they are missing. */
  onRot: (tx: Tx, sha256: string, size: number) => void
}

/** What a scrub found. */
export interface Scrubbed {
  checked: number
  rotten: string[]
}

/** Compares one blob with its hash; bytes that are others, or gone, are forgotten and noted as missing. */
export async function checkBlob(
  { db, blobs, onRot }: ScrubOptions,
  { sha256, size }: { sha256: string; size: number },
): Promise<boolean> {
  if (await isWhole(blobs, sha256, size)) return true
  await db.write((tx) => {
    blobs.forget(tx, sha256)
    onRot(tx, sha256, size)
  })
  return false
}

/**
 * Reads every blob and compares it with its hash. Bytes that are others, or gone, are forgotten and noted as missing,
 * so that they are fetched again from another server. Ends early when the signal aborts.
 */
export async function scrub(options: ScrubOptions, signal: AbortSignal): Promise<Scrubbed> {
  const scrubbed: Scrubbed = { checked: 0, rotten: [] }
  for (let after = ''; !signal.aborted; ) {
    const page = options.blobs.page(after, PAGE)
    for (const blob of page) {
      if (signal.aborted) break
      const began = performance.now()
      scrubbed.checked += 1
      if (!(await checkBlob(options, blob))) scrubbed.rotten.push(blob.sha256)
      await sleep((performance.now() - began) * SHARE, undefined, { signal }).catch(() => undefined)
    }
    if (page.length < PAGE) break
    after = page.at(-1)?.sha256 ?? ''
  }
  return scrubbed
}

/** Asks the disk: what the cache has says nothing of that. */
async function isWhole(blobs: BlobStore, sha256: string, size: number): Promise<boolean> {
  const hash = createHash('sha256')
  try {
    const bytes = await blobs.slice(sha256, 0, size - 1, 'disk')
    // Removed since the page was read: there is nothing to be wrong.
    if (bytes === undefined) return true
    if (Buffer.isBuffer(bytes)) hash.update(bytes)
    else await bytes.copy(async (chunk) => void hash.update(chunk))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof FileTooShort || code === 'ENOENT' || code === 'EIO') return false
    throw error
  }
  return hash.digest('hex') === sha256
}
