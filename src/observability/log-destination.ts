import { constants, fstatSync, openSync, write } from 'node:fs'

/** Lines buffered while standard error blocks. Further lines are dropped, so that requests go on. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024

/** A write is at most this long, unless a single line is longer. */
const MAX_WRITE_BYTES = 64 * 1024

/** Delay after a failed write (a full disk, a closed reader). */
const RETRY_MS = 1000

/** Writes some of the bytes, and reports how many. */
type WriteSome = (bytes: Buffer, done: (error: Error | null | undefined, written: number) => void) => void

/**
 * Writes log lines to standard error in the background, and drops lines while its buffer is full. Callers never wait, a
 * failed write is retried, and a pending one does not keep the process alive.
 */
export class LogDestination {
  readonly #write: WriteSome
  readonly #retryMs: number
  #lines: string[] = []
  #bufferedBytes = 0
  /** Bytes that are being written or retried. */
  #chunk: Buffer = Buffer.alloc(0)
  #isWriting = false
  #lost = 0
  #idle: (() => void)[] = []
  /** Called with the number of dropped lines once a write succeeds again. */
  onLost: (count: number) => void = () => {}

  constructor(write: WriteSome = standardError(), retryMs = RETRY_MS) {
    this.#write = write
    this.#retryMs = retryMs
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (this.#bufferedBytes + bytes > MAX_BUFFERED_BYTES) {
      this.#lost += 1
      return
    }
    this.#lines.push(line)
    this.#bufferedBytes += bytes
    if (this.#isWriting) return
    this.#isWriting = true
    // One write takes all lines of an event-loop tick.
    setImmediate(() => this.#writeNext())
  }

  /** Resolves when all lines are written, or after the timeout. */
  async flush(timeoutMs: number): Promise<void> {
    if (!this.#isWriting) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle.push(resolve)
    const timer = setTimeout(resolve, timeoutMs)
    await promise
    clearTimeout(timer)
  }

  #writeNext(): void {
    if (this.#chunk.length === 0) this.#chunk = this.#take()
    if (this.#chunk.length > 0) {
      this.#write(this.#chunk, (...outcome) => this.#written(...outcome))
      return
    }
    this.#isWriting = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #written(error: Error | null | undefined, written: number): void {
    if (error) return void setTimeout(() => this.#writeNext(), this.#retryMs).unref()
    this.#chunk = this.#chunk.subarray(written)
    this.#bufferedBytes -= written
    const lost = this.#lost
    this.#lost = 0
    if (lost > 0) this.onLost(lost)
    this.#writeNext()
  }

  #take(): Buffer {
    let bytes = 0
    let count = 0
    for (const line of this.#lines) {
      bytes += Buffer.byteLength(line)
      if (count > 0 && bytes > MAX_WRITE_BYTES) break
      count += 1
    }
    return Buffer.from(this.#lines.splice(0, count).join(''))
  }
}

/**
 * A blocked write would occupy a thread, and keep the process from exiting. Node writes to pipes and sockets without
 * blocking. A stopped terminal blocks unless it is reopened with O_NONBLOCK.
 */
function standardError(): WriteSome {
  const { stderr } = process
  const kind = fstatSync(stderr.fd)
  if (kind.isFIFO() || kind.isSocket()) {
    stderr.on('error', () => undefined)
    return (bytes, done) => void stderr.write(bytes, (error) => done(error, bytes.length))
  }
  const fd = kind.isCharacterDevice() ? reopen(stderr.fd) : stderr.fd
  return (bytes, done) => write(fd, bytes, done)
}

function reopen(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    // Not Linux, or another user's device.
    return fd
  }
}
