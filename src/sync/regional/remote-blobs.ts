import type { FileSlice } from '../../blobs/file-slice.js'
import type { ByteSource } from '../../lib/byte-source.js'

/** The grand's blob store. Every method rejects if the transfer breaks off or its signal aborts. */
export interface RemoteBlobs extends AsyncDisposable {
  /** Returns how many bytes of a blob the grand has. @throws TransferRefusedError */
  offset(sha256: string, signal: AbortSignal): Promise<number>
  /** Sends a blob from an offset to its end. @throws TransferRefusedError */
  put(
    sha256: string,
    size: number,
    offset: number,
    bytes: FileSlice | Buffer,
    signal: AbortSignal,
  ): Promise<void>
  /**
   * Reads a blob from `start` to `end`, both inclusive, even while it is arriving at the grand; undefined if the grand does
   * not have it.
   * @throws TransferRefusedError
   */
  get(sha256: string, start: number, end: number, signal: AbortSignal): Promise<ByteSource | undefined>
}

/** The grand's response to a GET. */
export interface BlobResponse extends ByteSource {
  readonly status: number
}

/** The grand refused a transfer. */
export class TransferRefusedError extends Error {
  /** The grand's refusal code; empty if its response has none. */
  readonly code: string

  constructor(
    readonly status: number,
    body: string,
  ) {
    super(`the grand refused with status ${status}: ${body.slice(0, 200)}`)
    this.code = /"code":"([a-z-]+)"/.exec(body)?.[1] ?? ''
  }
}
