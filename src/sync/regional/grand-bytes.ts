import type { Readable } from 'node:stream'
import { Agent, request } from 'undici'
import type { PeerTls } from '../peer-tls.js'
import { blobPath, UPLOAD_LENGTH, UPLOAD_OFFSET } from '../protocol.js'

/** Transfers at once over one agent, in each direction; more wait. */
const CONNECTIONS = 12

/** A transfer in which nothing moves for so long has failed. */
const STALLED_MS = 30_000

/** The grand answered a transfer with a refusal. */
export class TransferRefused extends Error {
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

/** The grand's store of blobs, over HTTPS with certificates on both sides. */
export class GrandBytes implements AsyncDisposable {
  readonly #origin: string
  readonly #agent: Agent

  constructor(origin: string, tls: PeerTls) {
    this.#origin = origin
    this.#agent = new Agent({
      connect: { ...tls, minVersion: 'TLSv1.3', timeout: 10_000 },
      connections: CONNECTIONS,
      headersTimeout: STALLED_MS,
      bodyTimeout: STALLED_MS,
    })
  }

  /** How many bytes of a blob the grand has already. */
  async offset(sha256: string, signal: AbortSignal): Promise<number> {
    const { statusCode, headers, body } = await request(this.#url(sha256), {
      method: 'HEAD',
      dispatcher: this.#agent,
      signal,
    })
    await body.dump()
    if (statusCode === 404) return 0
    if (statusCode !== 200) throw new TransferRefused(statusCode, '')
    return Number(headers[UPLOAD_OFFSET] ?? 0)
  }

  /** Sends a blob from an offset on to its end. @throws TransferRefused */
  async put(
    sha256: string,
    size: number,
    offset: number,
    bytes: Readable | Buffer,
    signal: AbortSignal,
  ): Promise<void> {
    const { statusCode, body } = await request(this.#url(sha256), {
      method: 'PUT',
      dispatcher: this.#agent,
      signal,
      body: bytes,
      headers: {
        'content-length': String(size - offset),
        'content-type': 'application/octet-stream',
        [UPLOAD_OFFSET]: String(offset),
        [UPLOAD_LENGTH]: String(size),
      },
    })
    const text = await body.text()
    if (statusCode >= 300) throw new TransferRefused(statusCode, text)
  }

  /**
   * The bytes of a blob from `start` to `end`, both inclusive, also while they still arrive at the grand; undefined
   * when the grand has none of them.
   */
  async get(sha256: string, start: number, end: number, signal: AbortSignal): Promise<Readable | undefined> {
    const { statusCode, body } = await request(this.#url(sha256), {
      method: 'GET',
      dispatcher: this.#agent,
      signal,
      headers: { range: `bytes=${start}-${end}` },
    })
    if (statusCode === 206 || statusCode === 200) return body
    const text = await body.text()
    if (statusCode === 404) return undefined
    throw new TransferRefused(statusCode, text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }

  #url(sha256: string): string {
    return this.#origin + blobPath(sha256)
  }
}
