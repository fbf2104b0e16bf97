import { constants, mkdirSync, readdirSync, rmSync, statfsSync, unlinkSync } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { BLOCK_BYTES, type FileFlags, type FileSystem, type OpenFile } from './file-system.js'

type Handle = Awaited<ReturnType<typeof open>>

/** The machine's own files. */
export const nodeFiles: FileSystem = {
  open: async (path, flags) => new NodeFile(await openCached(path, flags)),
  async openDirect(path, flags) {
    const cached = await openCached(path, flags)
    try {
      return new NodeFile(cached, await openAgain(cached, flags))
    } catch (error) {
      await cached.close()
      throw error
    }
  },
  link,
  rename,
  unlink,
  remove: (path) => rm(path, { force: true }),
  makeFolder: (path) => mkdir(path, { recursive: true, mode: 0o700 }),
  list: (path) => readdir(path),
  stat,
  readFile: (path) => readFile(path),
  makeFolderSync: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  listSync: (path) => readdirSync(path),
  unlinkSync,
  removeSync: (path) => rmSync(path, { force: true }),
  freeBytes(path) {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  },
}

/**
 * A file; with a second, direct handle its whole blocks go between memory and the disk past the page cache (O_DIRECT,
 * open(2)). Bytes that are moved once would only drive out of the cache what is read often, and copying them into it
 * takes most of the time of a write. The rest goes through the cache, and so does all where a disk cannot do this.
 */
class NodeFile implements OpenFile {
  readonly #cached: Handle
  readonly #direct: Handle | undefined

  constructor(cached: Handle, direct?: Handle) {
    this.#cached = cached
    this.#direct = direct
  }

  write(buffer: Buffer, position: number): Promise<{ bytesWritten: number }> {
    return this.#move(buffer, position, (file) => file.write(buffer, 0, buffer.length, position))
  }

  read(buffer: Buffer, position: number): Promise<{ bytesRead: number }> {
    return this.#move(buffer, position, (file) => file.read(buffer, 0, buffer.length, position))
  }

  datasync(): Promise<void> {
    return this.#cached.datasync()
  }

  sync(): Promise<void> {
    return this.#cached.sync()
  }

  async close(): Promise<void> {
    await Promise.all([this.#cached.close(), this.#direct?.close()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #move<T>({ length }: Buffer, position: number, io: (file: Handle) => Promise<T>): Promise<T> {
    const isBlocks = length % BLOCK_BYTES === 0 && position % BLOCK_BYTES === 0
    const moved = isBlocks && this.#direct ? await io(this.#direct).catch(unlessUnable) : undefined
    return moved ?? io(this.#cached)
  }
}

function openCached(path: string, flags: FileFlags): Promise<Handle> {
  return open(path, flags === 'rw' ? constants.O_RDWR | constants.O_CREAT : flags, 0o600)
}

/** The same file once more, for direct use; it may have lost its name. Undefined where that is not to be had. */
function openAgain({ fd }: Handle, flags: FileFlags): Promise<Handle | undefined> {
  const access = flags === 'r' ? constants.O_RDONLY : constants.O_RDWR
  return open(`/proc/self/fd/${fd}`, access | constants.O_DIRECT).catch((error) => {
    // Another system than Linux.
    if (error.code !== 'ENOENT') return unlessUnable(error)
  })
}

/** A disk, or memory, that cannot do it. */
function unlessUnable(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EINVAL' && error.code !== 'EOPNOTSUPP') throw error
}
