import type { FileFlags, FileSystem, OpenFile } from '../../src/blobs/file-system.js'
import type { Life } from './world.js'

interface Inode {
  content: Buffer
  /** The content after a power failure. */
  durable: Buffer
  mtimeMs: number
}

/** The entries of a folder; `durable` are those after a power failure. */
interface Folder {
  entries: Map<string, Inode>
  durable: Map<string, Inode>
}

/**
 * The files of one server, in memory. Each operation takes virtual time, so a server can crash between any two. A power
 * failure drops everything that was not made durable.
 */
export class MemoryFiles implements FileSystem {
  readonly #folders: Map<string, Folder>
  readonly #now: () => number
  #life: Life | undefined
  #isHonest = true
  free = 2 ** 40

  constructor(now: () => number, folders = new Map<string, Folder>()) {
    this.#now = now
    this.#folders = folders
  }

  /** Attaches the files to a new life of the server. @param isHonest whether fsync makes data durable */
  attach(life: Life, isHonest: boolean): void {
    this.#life = life
    this.#isHonest = isHonest
  }

  copy(): MemoryFiles {
    const inodes = new Map<Inode, Inode>()
    const copyOf = (inode: Inode) => {
      const existing = inodes.get(inode) ?? { ...inode }
      inodes.set(inode, existing)
      return existing
    }
    const copied = (entries: Map<string, Inode>) =>
      new Map([...entries].map(([name, inode]) => [name, copyOf(inode)]))
    const folders = [...this.#folders].map(([path, { entries, durable }]): [string, Folder] => [
      path,
      { entries: copied(entries), durable: copied(durable) },
    ])
    return new MemoryFiles(this.#now, new Map(folders))
  }

  /** Simulates a power failure. */
  losePower(): void {
    for (const folder of this.#folders.values()) {
      folder.entries = new Map(folder.durable)
      for (const inode of folder.entries.values()) inode.content = inode.durable
    }
  }

  async open(path: string, flags: FileFlags): Promise<OpenFile> {
    await this.#step()
    const folder = this.#folders.get(path)
    if (folder !== undefined) return this.#openFolder(folder)
    const { entries, name } = this.#parentOf(path)
    const found = entries.get(name)
    if (flags === 'r') return this.#openFile(found ?? fail('ENOENT', path))
    if (flags === 'wx' && found !== undefined) fail('EEXIST', path)
    const inode = found ?? { content: NOTHING, durable: NOTHING, mtimeMs: this.#now() }
    entries.set(name, inode)
    return this.#openFile(inode)
  }

  openDirect(path: string, flags: FileFlags): Promise<OpenFile> {
    return this.open(path, flags)
  }

  async link(from: string, to: string): Promise<void> {
    await this.#step()
    const target = this.#parentOf(to)
    if (target.entries.has(target.name)) fail('EEXIST', to)
    target.entries.set(target.name, this.#inode(from))
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step()
    const inode = this.#inode(from)
    this.removeSync(from)
    const target = this.#parentOf(to)
    target.entries.set(target.name, inode)
  }

  async unlink(path: string): Promise<void> {
    await this.#step()
    this.unlinkSync(path)
  }

  async remove(path: string): Promise<void> {
    await this.#step()
    this.removeSync(path)
  }

  async makeFolder(path: string): Promise<string | undefined> {
    await this.#step()
    const existing = this.#folders.has(path)
    this.makeFolderSync(path)
    return existing ? undefined : path
  }

  async list(path: string): Promise<string[]> {
    await this.#step()
    return this.listSync(path)
  }

  async stat(path: string): Promise<{ size: number; mtimeMs: number }> {
    await this.#step()
    const { content, mtimeMs } = this.#inode(path)
    return { size: content.length, mtimeMs }
  }

  async readFile(path: string): Promise<Buffer> {
    await this.#step()
    return this.#inode(path).content
  }

  makeFolderSync(path: string): void {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end)
      if (this.#folders.has(folder)) return
      this.#folders.set(folder, { entries: new Map(), durable: new Map() })
    }
  }

  listSync(path: string): string[] {
    return [...(this.#folders.get(path) ?? fail('ENOENT', path)).entries.keys()]
  }

  unlinkSync(path: string): void {
    this.#inode(path)
    this.removeSync(path)
  }

  removeSync(path: string): void {
    const at = path.lastIndexOf('/')
    this.#folders.get(path.slice(0, at))?.entries.delete(path.slice(at + 1))
  }

  freeBytes(): number {
    return this.free
  }

  /** The content of a file, for checks. */
  contentOf(path: string): Buffer | undefined {
    const at = path.lastIndexOf('/')
    return this.#folders.get(path.slice(0, at))?.entries.get(path.slice(at + 1))?.content
  }

  #openFile(inode: Inode): OpenFile {
    const step = () => this.#step()
    const makeDurable = async () => {
      await step()
      if (this.#isHonest) inode.durable = inode.content
    }
    return {
      write: async (buffer, position) => {
        await step()
        const { content } = inode
        const end = position + buffer.length
        // Always allocates: the previous buffer may be the durable content.
        inode.content = Buffer.concat([content.subarray(0, position), buffer, content.subarray(end)])
        inode.mtimeMs = this.#now()
        return { bytesWritten: buffer.length }
      },
      read: async (buffer, position) => {
        await step()
        return { bytesRead: inode.content.copy(buffer, 0, position) }
      },
      datasync: makeDurable,
      sync: makeDurable,
      close: step,
      [Symbol.asyncDispose]: step,
    }
  }

  #openFolder(folder: Folder): OpenFile {
    const isFolder = () => fail('EISDIR', 'a folder')
    const step = () => this.#step()
    const sync = async () => {
      await step()
      if (this.#isHonest) folder.durable = new Map(folder.entries)
    }
    return {
      write: isFolder,
      read: isFolder,
      datasync: sync,
      sync,
      close: step,
      [Symbol.asyncDispose]: step,
    }
  }

  #inode(path: string): Inode {
    const { entries, name } = this.#parentOf(path)
    return entries.get(name) ?? fail('ENOENT', path)
  }

  #parentOf(path: string): { entries: Map<string, Inode>; name: string } {
    const at = path.lastIndexOf('/')
    const folder = this.#folders.get(path.slice(0, at)) ?? fail('ENOENT', path)
    return { entries: folder.entries, name: path.slice(at + 1) }
  }

  async #step(): Promise<void> {
    if (this.#life !== undefined) await this.#life.sleep(this.#life.seeded.between(0, 1))
  }
}

const NOTHING = Buffer.alloc(0)

function fail(code: string, path: string): never {
  throw Object.assign(new Error(`${code}: ${path}`), { code })
}
