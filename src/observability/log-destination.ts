import { constants, fstatSync, openSync, write } from 'node:fs'

/** Lines kept in memory while they cannot be written; beyond it lines are lost and requests are not. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

/** Bytes of one write at most, unless a single line is longer. */
const MAX_WRITE_BYTES = 64 * 1024

/** After a write that failed (a full disk, a reader that is gone). */
const RETRY_MS = 1000

/** Takes some of the bytes, at once or later, and tells how many. */
type WriteSome = (bytes: Buffer, done: (error: Error | null | undefined, written: number) => void) => void

/**
 * Where log lines go: standard error. A line is written when it can be, in the background, and is lost when too many wait.
 * Nobody waits for it, no failure of it is anybody's, and it keeps no process alive that would end.
 */
export class LogDestination {
  readonly #write: WriteSome
  readonly #retryMs: number
  #lines: string[] = []
  #waitingBytes = 0
  /** What is being written, or is to be tried again. */
  #chunk: Buffer = Buffer.alloc(0)
  #isWriting = false
  #lost = 0
  #idle: (() => void)[] = []
  /** Told how many lines were lost, once lines can be written again. */
  onLost: (count: number) => void = () => {}

  constructor(write: WriteSome = standardError(), retryMs = RETRY_MS) {
    this.#write = write
    this.#retryMs = retryMs
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#lost += 1
      return
    }
    this.#lines.push(line)
    this.#waitingBytes += bytes
    if (this.#isWriting) return
    this.#isWriting = true
    // Lines of one turn of the loop go together.
    setImmediate(() => this.#writeNext())
  }

  /** Resolves when all lines are written, or after a time. */
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
    this.#waitingBytes -= written
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
 * A write that blocks would keep a thread, and with it the process from ending. Node writes to pipes and sockets without
 * blocking; a terminal that stands still blocks unless it is opened anew.
 */
function standardError(): WriteSome {
  const { stderr } = process
  const kind = fstatSync(stderr.fd)
  if (kind.isFIFO() || kind.isSocket()) {
    stderr.on('error', () => undefined)
    return (bytes, done) => void stderr.write(bytes, (error) => done(error, bytes.length))
  }
  const fd = kind.isCharacterDevice() ? openAnew(stderr.fd) : stderr.fd
  return (bytes, done) => write(fd, bytes, done)
}

function openAnew(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    // Another system than Linux, or a device of somebody else's.
    return fd
  }
}
