import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../db/engine/database.js'
import { refreshMissing } from './blob-refs.js'
import type { BlobStore } from './blob-store.js'
import { FileTooShortError } from './file-slice.js'
import { scrubPosition, storeScrubProgress } from './scrub-progress.js'

/** How often a server checks whether a scrub is due or was interrupted. */
export const SCRUB_CHECK_MS = 60_000

const PAGE = 100

/** Pause per reading time: the scrub uses at most half of one core and of the disk. */
const PAUSE_RATIO = 1

/** How often the progress is saved; a crash repeats at most this much work. */
const SAVE_INTERVAL_MS = 10_000

export interface ScrubDeps {
  db: Database
  blobs: BlobStore
}

export interface ScrubOptions extends ScrubDeps {
  /** Milliseconds since 1970. */
  now: () => number
  /** Time from the end of one scrub to the start of the next, milliseconds. */
  everyMs: number
}

/** The result of a scrub. */
export interface ScrubResult {
  checked: number
  /** Hashes of the blobs that were removed. */
  corrupt: string[]
}

/** Verifies a blob. A corrupt or lost one is removed and becomes missing. @returns whether it is intact */
export async function checkBlob(
  { db, blobs }: ScrubDeps,
  { sha256, size }: { sha256: string; size: number },
): Promise<boolean> {
  if (await isIntact(blobs, sha256, size)) return true
  await db.write((tx) => {
    blobs.remove(tx, sha256)
    refreshMissing(tx, sha256)
  })
  return false
}

/**
 * Verifies every blob, if a scrub is due, and resumes an interrupted one. Corrupt or lost blobs become missing, so that they are
 * fetched again from another server. Ends early when the signal aborts.
 * @throws Error if a blob cannot be read; the next scrub resumes after it
 */
export async function scrub(options: ScrubOptions, signal: AbortSignal): Promise<ScrubResult> {
  const { db, blobs, now, everyMs } = options
  const scrubbed: ScrubResult = { checked: 0, corrupt: [] }
  const from = scrubPosition(db, now(), everyMs)
  if (from === undefined) return scrubbed
  let after: string | null = from
  let savedAt = performance.now()
  try {
    for (const blob of blobsAfter(blobs, from)) {
      if (signal.aborted) return scrubbed
      const began = performance.now()
      after = blob.sha256
      scrubbed.checked += 1
      if (!(await checkBlob(options, blob))) scrubbed.corrupt.push(blob.sha256)
      await sleep((performance.now() - began) * PAUSE_RATIO, undefined, { signal }).catch(() => undefined)
      if (performance.now() - savedAt < SAVE_INTERVAL_MS) continue
      await storeScrubProgress(db, { after, at: now() })
      savedAt = performance.now()
    }
    after = null
  } finally {
    await storeScrubProgress(db, { after, at: now() })
  }
  return scrubbed
}

function* blobsAfter(blobs: BlobStore, from: string) {
  for (let after = from; ; ) {
    const page = blobs.selectPage(after, PAGE)
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)?.sha256 ?? ''
  }
}

/** Reads the blob from the disk, bypassing the page cache. */
async function isIntact(blobs: BlobStore, sha256: string, size: number): Promise<boolean> {
  const hash = createHash('sha256')
  try {
    const bytes = await blobs.slice(sha256, 0, size - 1, 'disk')
    // Removed since the page was read.
    if (bytes === undefined) return true
    if (Buffer.isBuffer(bytes)) hash.update(bytes)
    else await bytes.copy(async (chunk) => void hash.update(chunk))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof FileTooShortError || code === 'ENOENT' || code === 'EIO') return false
    throw error
  }
  return hash.digest('hex') === sha256
}
