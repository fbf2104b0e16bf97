import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeRecord, type Step } from './record.js'

const PROGRAM = fileURLToPath(new URL('./disk-process.ts', import.meta.url))

/** Why power cuts cannot be simulated here, or undefined. */
export function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  if (!existsSync('/dev/fuse')) return 'needs FUSE'
  if (fails('mkfs.ext4', '-V')) return 'needs mkfs.ext4'
  if (fails('losetup', '--find')) return 'needs loop devices'
  const folder = mkdtempSync(join(tmpdir(), 'mount-'))
  const cannotMount = fails('mount', '-t', 'tmpfs', 'tmpfs', folder) || fails('umount', folder)
  rmdirSync(folder)
  return cannotMount ? 'cannot mount here' : undefined
}

/** An ext4 file system in a file, mounted over a loop device. */
export class Volume implements Disposable {
  readonly path: string
  readonly #device: string

  /** @param isNew whether to create the file system first */
  constructor(image: string, path: string, { isNew }: { isNew: boolean }) {
    this.path = path
    mkdirSync(path)
    this.#device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim()
    process.prependOnceListener('exit', this.#detach)
    try {
      if (isNew) run('mkfs.ext4', '-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', this.#device)
      run('mount', this.#device, path)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#detach)
    this.#detach()
  }

  readonly #detach = () => {
    spawnSync('umount', ['--lazy', this.path])
    spawnSync('losetup', ['--detach', this.#device])
  }
}

/** A disk that records its writes and flushes (disk-process.ts). */
export class RecordingDisk implements AsyncDisposable {
  /** The file that backs the disk. */
  readonly image: string
  readonly #record: string
  readonly #process: ChildProcess

  private constructor(image: string, record: string, child: ChildProcess) {
    this.image = image
    this.#record = record
    this.#process = child
    process.prependOnceListener('exit', this.#unmount)
  }

  static async open(folder: string, sizeBytes: number): Promise<RecordingDisk> {
    const [image, record] = [join(folder, 'disk'), join(folder, 'record')]
    writeFileSync(image, '')
    const args = ['--import=tsx', PROGRAM, image, String(sizeBytes), record]
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    const disk = new RecordingDisk(image, record, child)
    const mounted = await Promise.race([
      once(child.stdout as NodeJS.ReadableStream, 'data').then(() => true),
      once(child, 'exit').then(() => false),
    ])
    if (!mounted) throw new Error('the recording disk could not be mounted')
    return disk
  }

  /** The writes and flushes recorded so far. */
  steps(): Step[] {
    return decodeRecord(readFileSync(this.#record))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#unmount)
    const ended = this.#process.exitCode === null ? once(this.#process, 'exit') : undefined
    this.#unmount()
    await ended
  }

  readonly #unmount = () => void spawnSync('umount', ['--lazy', this.image])
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: 'pipe' })
}

function fails(program: string, ...args: string[]): boolean {
  return spawnSync(program, args).status !== 0
}
