import { execFileSync, spawnSync } from 'node:child_process'
import { statfsSync } from 'node:fs'

const MARGIN_BYTES = 64 * 1024

/** A disk of its own for one folder, whose size can be changed while it is in use. Needs root. */
export class SmallDisk {
  readonly #path: string
  readonly #sizeBytes: number

  /** @throws Error when nothing can be mounted here */
  constructor(path: string, sizeBytes: number) {
    this.#path = path
    this.#sizeBytes = sizeBytes
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'tmpfs', path], {
      stdio: 'pipe',
    })
  }

  /** Leaves so many bytes free, about. */
  fill(freeBytes: number): void {
    for (let more = freeBytes; ; more += MARGIN_BYTES) {
      const { blocks, bfree, bsize } = statfsSync(this.#path)
      if (this.#resize((blocks - bfree) * bsize + more)) return
    }
  }

  restore(): void {
    this.#resize(this.#sizeBytes)
  }

  /** Also while somebody who is just ending still has files open on it. */
  unmount(): void {
    spawnSync('umount', ['--lazy', this.#path])
  }

  /** Whether there was room for all that is on it: more may have come since it was looked at. */
  #resize(bytes: number): boolean {
    return spawnSync('mount', ['-o', `remount,size=${bytes}`, this.#path]).status === 0
  }
}
