import { create as contentDisposition } from 'content-disposition'
import type { Handlers } from '../../contract/handlers.js'
import type { Files } from '../../domain/files.js'
import type { FileView } from '../../domain/views.js'
import type { ByteSource, ChunkSink } from '../../lib/byte-source.js'
import { isNotModified, requestedRange, type Validators } from '../responses/conditional.js'

/** Node caches its Date header, which can be this old when the event loop is busy. */
const NODE_DATE_MS = 10_000

export interface DownloadMetrics {
  bytesDownloaded(sizeBytes: number): void
}

export function downloadHandler(files: Files, metrics: DownloadMetrics): Pick<Handlers, 'downloadFile'> {
  return {
    async downloadFile({ params, headers }, { caller, request }) {
      const file = files.getForDownload(caller, params.file_id)
      const validators = validatorsOf(file)
      const common = {
        etag: validators.etag,
        'last-modified': validators.lastModified.toUTCString(),
        ...validators.date,
        // Shared caches must not store a private file; browsers may, but must revalidate. Compression would break ranges.
        'cache-control': `${file.visibility === 'public' ? '' : 'private, '}no-cache, no-transform`,
      }
      if (isNotModified(headers, validators)) return { status: 304, headers: common }
      const range = requestedRange(headers, file.size, validators)
      const { start, end } = range ?? { start: 0, end: file.size - 1 }
      // A literal key comes first. For an object that begins with a spread V8 creates a new hidden class each time, which
      // takes longer than the rest of this handler.
      const sent = {
        'content-length': String(end - start + 1),
        ...common,
        ...representationHeaders(file),
        ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${file.size}` }),
      }
      const status = range === undefined ? 200 : 206
      if (request.method === 'HEAD') return { status, headers: sent, body: Buffer.alloc(0) }
      return { status, headers: sent, body: countBytes(await files.readContent(file, start, end), metrics) }
    },
  }
}

function validatorsOf(file: FileView): Validators & { date?: { date: string } } {
  const now = Date.now()
  const lastModified = new Date(Math.min(Date.parse(file.created_at), now))
  lastModified.setUTCMilliseconds(0)
  const validators = { etag: `"${file.sha256}"`, lastModified }
  if (Date.parse(file.created_at) < now - NODE_DATE_MS) return validators
  // Another server's clock may be ahead. Last-Modified must not be later than Date (RFC 9110 section 8.8.2.1).
  return { ...validators, date: { date: new Date(now).toUTCString() } }
}

/** Files are untrusted content: browsers save them instead of rendering them in this origin. */
function representationHeaders(file: FileView): Record<string, string> {
  return {
    'content-type': file.media_type,
    'content-disposition': dispositionOf(file.name),
    'content-security-policy': "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    'accept-ranges': 'bytes',
    'repr-digest': `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`,
  }
}

function dispositionOf(name: string): string {
  const fallback = asciiFallback(name)
  return contentDisposition(name, { type: 'attachment', ...(fallback !== undefined && { fallback }) })
}

/**
 * For clients that support only ASCII names: a neutral name with the same extension; undefined for an ASCII name. The
 * package then adds `filename*` where browsers interpret the name in different ways (RFC 6266 appendix D).
 */
function asciiFallback(name: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(name)) return undefined
  return `download${/\.[a-z0-9]{1,10}$/i.exec(name)?.[0] ?? ''}`
}

function countBytes(bytes: ByteSource | Buffer, metrics: DownloadMetrics): ByteSource | Buffer {
  if (Buffer.isBuffer(bytes)) {
    metrics.bytesDownloaded(bytes.length)
    return bytes
  }
  const copy = (take: ChunkSink) =>
    bytes.copy(async (chunk) => {
      await take(chunk)
      metrics.bytesDownloaded(chunk.length)
    })
  return { copy, close: () => bytes.close() }
}
