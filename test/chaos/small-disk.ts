import { execFileSync, spawnSync } from 'node:child_process'
import { statfsSync } from 'node:fs'

const MARGIN_BYTES = 64 * 1024

/** A tmpfs for one folder whose size can be changed while it is mounted. Needs root. */
export class SmallDisk {
  readonly #path: string
  readonly #sizeBytes: number

  /** @throws Error if it cannot be mounted */
  constructor(path: string, sizeBytes: number) {
    this.#path = path
    this.#sizeBytes = sizeBytes
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'tmpfs', path], {
      stdio: 'pipe',
    })
  }

  /** Resizes the disk to leave about this many bytes free. */
  fill(freeBytes: number): void {
    for (let more = freeBytes; ; more += MARGIN_BYTES) {
      const { blocks, bfree, bsize } = statfsSync(this.#path)
      if (this.#resize((blocks - bfree) * bsize + more)) return
    }
  }

  restore(): void {
    this.#resize(this.#sizeBytes)
  }

  /** Unmounts lazily: an exiting process may still have files open. */
  unmount(): void {
    spawnSync('umount', ['--lazy', this.#path])
  }

  /** Resizes the disk; false if it has become fuller than the size meanwhile. */
  #resize(bytes: number): boolean {
    return spawnSync('mount', ['-o', `remount,size=${bytes}`, this.#path]).status === 0
  }
}
