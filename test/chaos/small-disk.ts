import { execFileSync } from 'node:child_process'
import { statfsSync } from 'node:fs'

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

  /** Leaves so many bytes free. */
  fill(freeBytes: number): void {
    const { blocks, bfree, bsize } = statfsSync(this.#path)
    this.#resize((blocks - bfree) * bsize + freeBytes)
  }

  restore(): void {
    this.#resize(this.#sizeBytes)
  }

  unmount(): void {
    execFileSync('umount', [this.#path])
  }

  #resize(bytes: number): void {
    execFileSync('mount', ['-o', `remount,size=${bytes}`, this.#path], { stdio: 'pipe' })
  }
}
