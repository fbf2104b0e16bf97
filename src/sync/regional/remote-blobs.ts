import type { FileSlice } from '../../blobs/file-slice.js'
import type { ByteSource } from '../../lib/byte-source.js'

/** The grand's store of blobs, as a regional reaches it. What breaks off, or ends with the signal, throws. */
export interface RemoteBlobs extends AsyncDisposable {
  /** How many bytes of a blob the grand has already. @throws TransferRefused */
  offset(sha256: string, signal: AbortSignal): Promise<number>
  /** Sends a blob from an offset on to its end. @throws TransferRefused */
  put(
    sha256: string,
    size: number,
    offset: number,
    bytes: FileSlice | Buffer,
    signal: AbortSignal,
  ): Promise<void>
  /**
   * The bytes of a blob from `start` to `end`, both inclusive, also while they still arrive at the grand; undefined
   * when the grand has none of them.
   * @throws TransferRefused
   */
  get(sha256: string, start: number, end: number, signal: AbortSignal): Promise<ByteSource | undefined>
}

/** The grand's response to a GET. */
export interface BlobResponse extends ByteSource {
  readonly status: number
}

/** The grand answered a transfer with a refusal. */
export class TransferRefusedError extends Error {
  /** Which refusal, as the grand names it; empty when it does not say. */
  readonly code: string

  constructor(
    readonly status: number,
    body: string,
  ) {
    super(`the grand answered ${status}: ${body.slice(0, 200)}`)
    this.code = /"code":"([a-z-]+)"/.exec(body)?.[1] ?? ''
  }
}
