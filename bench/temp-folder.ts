import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const open = new Set<string>()
process.once('exit', () => open.forEach(remove))

/** A folder that is removed when disposed of, or when the process exits. */
export class TempFolder implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), 'syncsphere-bench-'))

  constructor() {
    open.add(this.path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    remove(this.path)
  }
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10 })
  open.delete(path)
}
