import { constants, mkdirSync, readdirSync, rmSync, statfsSync, unlinkSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { DirectFile, ignoreUnsupported } from './direct-file.js'
import type { FileFlags, FileSystem, OpenFile } from './file-system.js'

/** The machine's own files. */
export const nodeFiles: FileSystem = {
  open: async (path, flags) => new NodeFile(await openCached(path, flags)),
  async openDirect(path, flags) {
    const cached = await openCached(path, flags)
    try {
      const direct = await reopenDirect(cached, flags)
      const file = new NodeFile(cached)
      return direct === undefined ? file : new DirectFile(file, new NodeFile(direct))
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

class NodeFile implements OpenFile {
  readonly #file: FileHandle

  constructor(file: FileHandle) {
    this.#file = file
  }

  write(buffer: Buffer, position: number): Promise<{ bytesWritten: number }> {
    return this.#file.write(buffer, 0, buffer.length, position)
  }

  read(buffer: Buffer, position: number): Promise<{ bytesRead: number }> {
    return this.#file.read(buffer, 0, buffer.length, position)
  }

  datasync(): Promise<void> {
    return this.#file.datasync()
  }

  sync(): Promise<void> {
    return this.#file.sync()
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function openCached(path: string, flags: FileFlags): Promise<FileHandle> {
  return open(path, flags === 'rw' ? constants.O_RDWR | constants.O_CREAT : flags, 0o600)
}

/** Reopens a file with `O_DIRECT`, even if it has lost its name. @returns undefined where that is unsupported */
function reopenDirect({ fd }: FileHandle, flags: FileFlags): Promise<FileHandle | undefined> {
  const access = flags === 'r' ? constants.O_RDONLY : constants.O_RDWR
  return open(`/proc/self/fd/${fd}`, access | constants.O_DIRECT).catch((error) => {
    // Not Linux.
    if (error.code !== 'ENOENT') return ignoreUnsupported(error)
  })
}
