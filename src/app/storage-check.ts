import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { FileSystem } from '../blobs/file-system.js'
import { nodeFiles } from '../blobs/node-files.js'
import type { Database } from '../db/engine/database.js'
import { writeMeta } from '../db/meta.js'
import { isFull, UnusablePathError } from '../lib/storage-fault.js'
import { pause, systemTimers, type Timers } from '../lib/timers.js'

/** An outcome counts for so long. */
const FRESH_MS = 250
/** Whoever asks waits so long for a newer one. */
const PATIENCE_MS = 100
/** A try that takes longer does not come back: a network file system whose server is gone. */
const STUCK_MS = 10_000

/** As much as no file of the server needs less than. */
const PROBE = Buffer.alloc(64 * 1024)

export interface StorageCheckDeps {
  dataDir: string
  db: Database
  logger: Logger
  files?: FileSystem
  timers?: Timers
}

/** Whether a server can store what it is given: tried by storing something, as often as somebody asks. */
export class StorageCheck {
  readonly #deps: Required<StorageCheckDeps>
  #reason: string | undefined
  #trying: Promise<void> | undefined
  #beganAt = Number.NEGATIVE_INFINITY
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(options: StorageCheckDeps) {
    this.#deps = { files: nodeFiles, timers: systemTimers, ...options }
  }

  /**
   * For the start: makes the folders that are missing, and tries them. With a full disk a server can still hand out what
   * it has.
   * @throws UnusablePath
   */
  async assertUsable(): Promise<void> {
    const { files, dataDir } = this.#deps
    try {
      for (const name of ['tmp', 'blobs']) {
        const path = join(dataDir, name)
        await attempt(path, async () => void (await files.makeFolder(path)))
      }
      await this.#tryFiles()
    } catch (error) {
      if (!isFull((error as Error).cause)) throw error
    }
  }

  /** What keeps the server from storing anything, as of a moment ago; undefined when nothing does. */
  async fault(): Promise<string | undefined> {
    const { timers } = this.#deps
    if (this.#trying === undefined && timers.now() - this.#endedAt > FRESH_MS) {
      this.#beganAt = timers.now()
      this.#trying = this.#try()
    }
    if (this.#trying !== undefined) await this.#waitFor(this.#trying)
    const isStuck = this.#trying !== undefined && timers.now() - this.#beganAt > STUCK_MS
    return isStuck ? 'the disk does not respond' : this.#reason
  }

  async #waitFor(trying: Promise<void>): Promise<void> {
    const enough = new AbortController()
    await Promise.race([trying, pause(this.#deps.timers, PATIENCE_MS, enough.signal)])
    enough.abort()
  }

  async #try(): Promise<void> {
    const fault = await this.#tryAll().catch((error: Error) => error)
    this.#note(fault)
    this.#trying = undefined
    this.#endedAt = this.#deps.timers.now()
  }

  #note(fault: Error | undefined): void {
    const { logger } = this.#deps
    const reason = fault instanceof UnusablePathError ? fault.reason : fault?.message
    if (reason !== this.#reason) {
      if (fault !== undefined) logger.error({ err: fault }, 'nothing can be stored')
      else logger.info('storing works again')
    }
    this.#reason = reason
  }

  async #tryAll(): Promise<undefined> {
    await this.#tryFiles()
    await this.#tryDatabase()
  }

  /** A file that is written, and gets a second name where blobs are. */
  async #tryFiles(): Promise<void> {
    const { files, dataDir } = this.#deps
    const [path, linked] = [join(dataDir, 'tmp', 'probe'), join(dataDir, 'blobs', 'probe')]
    try {
      await attempt(path, () => writeProbe(files, path))
      await attempt(linked, async () => {
        await files.remove(linked)
        await files.link(path, linked)
      })
    } finally {
      for (const name of [path, linked]) await files.remove(name).catch(() => undefined)
    }
  }

  async #tryDatabase(): Promise<void> {
    const { db, dataDir } = this.#deps
    await db
      .write((tx) => writeMeta(tx, 'probe', randomUUID()))
      .catch((error: Error & { code?: string }) => {
        // Another process has it, which ends.
        if (error.code !== 'SQLITE_BUSY') throw new UnusablePathError(dataDir, { cause: error })
      })
  }
}

async function attempt(path: string, step: () => Promise<void>): Promise<void> {
  try {
    await step()
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
