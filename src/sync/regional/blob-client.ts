import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import { isIP } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ConnectionOptions } from 'node:tls'
import { urlToHttpOptions } from 'node:url'
import type { FileSlice } from '../../blobs/file-slice.js'
import type { PeerTls } from '../../certs/peer-tls.js'
import { type ByteSource, copyChunks } from '../../lib/byte-source.js'
import { writeChunk } from '../../net/write-chunk.js'
import { blobPath, UPLOAD_LENGTH, UPLOAD_OFFSET } from '../protocol.js'
import { BulkDownload } from './bulk-download.js'
import { type BlobResponse, type RemoteBlobs, TransferRefusedError } from './remote-blobs.js'

/** Concurrent transfers in both directions; further ones wait. */
const MAX_CONNECTIONS = 12

/** Concurrent downloads with a connection of their own. */
const MAX_BULK_CONNECTIONS = 4
/** Size from which a download is worth a TLS handshake. */
const MIN_BULK_BYTES = 4 * 1024 * 1024

/** A transfer without progress for this long has failed. */
const STALLED_MS = 30_000

/** The grand's blob store over HTTPS with mutual TLS. */
export class GrandBlobClient implements RemoteBlobs {
  readonly #origin: string
  readonly #tls: () => PeerTls
  #agent: { tls: PeerTls; agent: Agent } | undefined
  #bulkCount = 0

  /** @param tls called for each connection, because certificates may be reloaded */
  constructor(origin: string, tls: () => PeerTls) {
    this.#origin = origin
    this.#tls = tls
  }

  async offset(sha256: string, signal: AbortSignal): Promise<number> {
    const sent = this.#request('HEAD', sha256, { signal })
    sent.end()
    const response = await responseTo(sent)
    await text(response)
    if (response.statusCode === 404) return 0
    if (response.statusCode !== 200) throw new TransferRefusedError(response.statusCode ?? 0, '')
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
    const responded = responseTo(sent)
    if (Buffer.isBuffer(bytes)) sent.end(bytes)
    else sendSlice(bytes, sent)
    const response = await responded
    const body = await text(response)
    // The grand may refuse before the whole body is sent.
    if (!sent.writableFinished) sent.destroy()
    if ((response.statusCode ?? 0) >= 300) throw new TransferRefusedError(response.statusCode ?? 0, body)
  }

  async get(
    sha256: string,
    start: number,
    end: number,
    signal: AbortSignal,
  ): Promise<ByteSource | undefined> {
    const range = `bytes=${start}-${end}`
    const isBulk = end - start >= MIN_BULK_BYTES && this.#bulkCount < MAX_BULK_CONNECTIONS
    const blob = await (isBulk ? this.#getBulk(sha256, range, signal) : this.#get(sha256, range, signal))
    if (blob.status === 206 || blob.status === 200) return blob
    const body = await textOf(blob)
    if (blob.status === 404) return undefined
    throw new TransferRefusedError(blob.status, body)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent?.agent.destroy()
  }

  async #get(sha256: string, range: string, signal: AbortSignal): Promise<BlobResponse> {
    const sent = this.#request('GET', sha256, { signal, headers: { range } })
    sent.end()
    const response = await responseTo(sent)
    return {
      status: response.statusCode ?? 0,
      copy: (sink) => copyChunks(response, sink),
      close: async () => void response.destroy(),
    }
  }

  async #getBulk(sha256: string, range: string, signal: AbortSignal): Promise<BlobResponse> {
    this.#bulkCount += 1
    const onClose = () => {
      this.#bulkCount -= 1
    }
    const { host } = new URL(this.#origin)
    const lines = [
      `GET ${blobPath(sha256)} HTTP/1.1`,
      `Host: ${host}`,
      `Range: ${range}`,
      'Connection: close',
    ]
    return BulkDownload.send({ ...addressOf(this.#origin), ...this.#tls(), minVersion: 'TLSv1.3' }, lines, {
      signal,
      stalledMs: STALLED_MS,
      onClose,
    })
  }

  #request(method: string, sha256: string, options: RequestOptions): ClientRequest {
    const sent = request(this.#origin + blobPath(sha256), { method, agent: this.#currentAgent(), ...options })
    // `responseTo` and readers of the response report errors. Without them an error is not a fault.
    sent.on('error', () => undefined)
    sent.setTimeout(STALLED_MS, () => sent.destroy(new Error(`nothing moved for ${STALLED_MS} ms`)))
    return sent
  }

  /** Connections with replaced certificates end after their transfers, or when idle. */
  #currentAgent(): Agent {
    const tls = this.#tls()
    if (this.#agent?.tls !== tls) {
      const settings = { keepAlive: true, maxSockets: MAX_CONNECTIONS, timeout: STALLED_MS }
      this.#agent = { tls, agent: new Agent({ ...tls, ...settings, minVersion: 'TLSv1.3' }) }
    }
    return this.#agent.agent
  }
}

/** Address of a TLS connection. Server name indication takes host names only (RFC 6066 section 3). */
function addressOf(origin: string): ConnectionOptions {
  const { hostname, port } = urlToHttpOptions(new URL(origin))
  const host = hostname ?? ''
  return { host, port: Number(port ?? 443), ...(isIP(host) === 0 && { servername: host }) }
}

async function textOf(blob: BlobResponse): Promise<string> {
  const chunks: Buffer[] = []
  await blob.copy((chunk) => void chunks.push(Buffer.from(chunk)))
  return Buffer.concat(chunks).toString()
}

async function responseTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = await once(sent, 'response')
  return response
}

/** Sends a file with backpressure; a failure destroys the request. */
function sendSlice(slice: FileSlice, sent: ClientRequest): void {
  slice
    .copy((chunk) => writeChunk(sent, chunk))
    .then(
      () => sent.end(),
      (error: Error) => sent.destroy(error),
    )
}
