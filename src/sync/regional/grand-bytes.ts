import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { FileSlice } from '../../storage/file-slice.js'
import type { PeerTls } from '../peer-tls.js'
import { blobPath, UPLOAD_LENGTH, UPLOAD_OFFSET } from '../protocol.js'
import { writeChunk } from '../write-chunk.js'
import { type RemoteBytes, TransferRefused } from './remote-bytes.js'

/** Transfers at once, in both directions together; more wait. */
const CONNECTIONS = 12

/** A transfer in which nothing moves for so long has failed. */
const STALLED_MS = 30_000

/** The grand's store of blobs, over HTTPS with certificates on both sides. */
export class GrandBytes implements RemoteBytes {
  readonly #origin: string
  readonly #agent: Agent

  constructor(origin: string, tls: PeerTls) {
    this.#origin = origin
    this.#agent = new Agent({
      ...tls,
      minVersion: 'TLSv1.3',
      keepAlive: true,
      maxSockets: CONNECTIONS,
      timeout: STALLED_MS,
    })
  }

  async offset(sha256: string, signal: AbortSignal): Promise<number> {
    const sent = this.#request('HEAD', sha256, { signal })
    sent.end()
    const response = await answerTo(sent)
    await text(response)
    if (response.statusCode === 404) return 0
    if (response.statusCode !== 200) throw new TransferRefused(response.statusCode ?? 0, '')
    return Number(response.headers[UPLOAD_OFFSET] ?? 0)
  }

  async put(
    sha256: string,
    size: number,
    offset: number,
    bytes: FileSlice | Buffer,
    signal: AbortSignal,
  ): Promise<void> {
    const headers = {
      'content-length': String(size - offset),
      'content-type': 'application/octet-stream',
      [UPLOAD_OFFSET]: String(offset),
      [UPLOAD_LENGTH]: String(size),
    }
    const sent = this.#request('PUT', sha256, { signal, headers })
    const answered = answerTo(sent)
    if (Buffer.isBuffer(bytes)) sent.end(bytes)
    else sendSlice(bytes, sent)
    const response = await answered
    const body = await text(response)
    // A refusal may come before all is sent.
    if (!sent.writableFinished) sent.destroy()
    if ((response.statusCode ?? 0) >= 300) throw new TransferRefused(response.statusCode ?? 0, body)
  }

  async get(sha256: string, start: number, end: number, signal: AbortSignal): Promise<Readable | undefined> {
    const sent = this.#request('GET', sha256, { signal, headers: { range: `bytes=${start}-${end}` } })
    sent.end()
    const response = await answerTo(sent)
    if (response.statusCode === 206 || response.statusCode === 200) return response
    const body = await text(response)
    if (response.statusCode === 404) return undefined
    throw new TransferRefused(response.statusCode ?? 0, body)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
  }

  #request(method: string, sha256: string, options: RequestOptions): ClientRequest {
    const sent = request(this.#origin + blobPath(sha256), { ...options, method, agent: this.#agent })
    // Whoever waits for the answer or reads it is told; what breaks off when nobody does is no fault.
    sent.on('error', () => undefined)
    sent.setTimeout(STALLED_MS, () => sent.destroy(new Error(`nothing moved for ${STALLED_MS} ms`)))
    return sent
  }
}

async function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = await once(sent, 'response')
  return response
}

/** Sends a file as fast as it is taken; a failure ends the request. */
function sendSlice(slice: FileSlice, sent: ClientRequest): void {
  slice
    .copy((chunk) => writeChunk(sent, chunk))
    .then(
      () => sent.end(),
      (error: Error) => sent.destroy(error),
    )
}
