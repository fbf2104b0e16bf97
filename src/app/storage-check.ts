import { join } from 'node:path'
import type { Logger } from 'pino'
import type { FileSystem } from '../blobs/file-system.js'
import { nodeFiles } from '../blobs/node-files.js'
import type { Database } from '../db/engine/database.js'
import { writeMeta } from '../db/meta.js'
import { type Random, systemRandom } from '../lib/random.js'
import { isFull, UnusablePathError } from '../lib/storage-fault.js'
import { pause, systemTimers, type Timers } from '../lib/timers.js'

/** A result is reused for this long. */
const RESULT_LIFETIME_MS = 250
/** A caller waits this long for a new result, then gets the previous one. */
const MAX_WAIT_MS = 100
/** A probe that takes longer is reported as a fault, as on a network file system whose server is gone. */
const STUCK_AFTER_MS = 10_000

/** Large enough to need disk space of its own. */
const PROBE = Buffer.alloc(64 * 1024)

export interface StorageCheckDeps {
  dataDir: string
  db: Database
  logger: Logger
  files?: FileSystem
  timers?: Timers
  random?: Random
}

/** Checks whether the server can store data, by storing a probe file and a probe row on demand. */
export class StorageCheck {
  readonly #deps: Required<StorageCheckDeps>
  #reason: string | undefined
  #runningProbe: Promise<void> | undefined
  #startedAt = Number.NEGATIVE_INFINITY
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(deps: StorageCheckDeps) {
    this.#deps = { files: nodeFiles, timers: systemTimers, random: systemRandom, ...deps }
  }

  /**
   * Creates missing folders and probes them at startup. A full disk is no error: the server can still serve downloads.
   * @throws UnusablePathError
   */
  async assertUsable(): Promise<void> {
    const { files, dataDir } = this.#deps
    try {
      for (const name of ['tmp', 'blobs']) {
        const path = join(dataDir, name)
        await withPath(path, async () => void (await files.makeFolder(path)))
      }
      await this.#probeFiles()
    } catch (error) {
      if (!isFull((error as Error).cause)) throw error
    }
  }

  /** @returns why the server cannot store data, as of the latest probe; undefined if it can */
  async fault(): Promise<string | undefined> {
    const { timers } = this.#deps
    if (this.#runningProbe === undefined && timers.now() - this.#endedAt > RESULT_LIFETIME_MS) {
      this.#startedAt = timers.now()
      this.#runningProbe = this.#runProbe()
    }
    if (this.#runningProbe !== undefined) await this.#waitFor(this.#runningProbe)
    const isStuck = this.#runningProbe !== undefined && timers.now() - this.#startedAt > STUCK_AFTER_MS
    return isStuck ? 'the disk does not respond' : this.#reason
  }

  async #waitFor(probe: Promise<void>): Promise<void> {
    const timeout = new AbortController()
    await Promise.race([probe, pause(this.#deps.timers, MAX_WAIT_MS, timeout.signal)])
    timeout.abort()
  }

  async #runProbe(): Promise<void> {
    const fault = await this.#probeAll().catch((error: Error) => error)
    this.#recordResult(fault)
    this.#runningProbe = undefined
    this.#endedAt = this.#deps.timers.now()
  }

  #recordResult(fault: Error | undefined): void {
    const { logger } = this.#deps
    const reason = fault instanceof UnusablePathError ? fault.reason : fault?.message
    if (reason !== this.#reason) {
      if (fault !== undefined) logger.error({ err: fault }, 'nothing can be stored')
      else logger.info('storage is writable again')
    }
    this.#reason = reason
  }

  async #probeAll(): Promise<undefined> {
    await this.#probeFiles()
    await this.#probeDatabase()
  }

  /** Writes a file and hard-links it, like a blob. */
  async #probeFiles(): Promise<void> {
    const { files, dataDir } = this.#deps
    const [path, linked] = [join(dataDir, 'tmp', 'probe'), join(dataDir, 'blobs', 'probe')]
    try {
      await withPath(path, () => writeProbe(files, path))
      await withPath(linked, async () => {
        await files.remove(linked)
        await files.link(path, linked)
      })
    } finally {
      for (const name of [path, linked]) await files.remove(name).catch(() => undefined)
    }
  }

  async #probeDatabase(): Promise<void> {
    const { db, dataDir, random } = this.#deps
    await db
      .write((tx) => writeMeta(tx, 'probe', random.id()))
      .catch((error: Error & { code?: string }) => {
        // Another process holds the write lock for a while.
        if (error.code !== 'SQLITE_BUSY') throw new UnusablePathError(dataDir, { cause: error })
      })
  }
}

async function withPath(path: string, operation: () => Promise<void>): Promise<void> {
  try {
    await operation()
  } catch (cause) {
    throw new UnusablePathError(path, { cause })
  }
}

async function writeProbe(files: FileSystem, path: string): Promise<void> {
  await files.remove(path)
  await using file = await files.open(path, 'wx')
  for (let at = 0; at < PROBE.length; ) at += (await file.write(PROBE.subarray(at), at)).bytesWritten
  await file.datasync()
}
