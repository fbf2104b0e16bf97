import { create as contentDisposition } from 'content-disposition'
import type { Handlers } from '../../contract/handlers.js'
import type { Files } from '../../domain/files.js'
import type { FileView } from '../../domain/views.js'
import type { ByteSource, ChunkSink } from '../../lib/byte-source.js'
import { isNotModified, requestedRange, type Validators } from '../responses/conditional.js'

/** Node's own Date header may be so old when the loop is busy. */
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
        // Nobody else's proxy may keep a private file; a browser may, if it asks again. Compressed, ranges would not fit.
        'cache-control': `${file.visibility === 'public' ? '' : 'private, '}no-cache, no-transform`,
      }
      if (isNotModified(headers, validators)) return { status: 304, headers: common }
      const range = requestedRange(headers, file.size, validators)
      const { start, end } = range ?? { start: 0, end: file.size - 1 }
      // It begins with a name of its own: V8 makes a hidden class for each object that begins with a spread and goes on, which
      // takes longer than all else here.
      const sent = {
        'content-length': String(end - start + 1),
        ...common,
        ...representationHeaders(file),
        ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${file.size}` }),
      }
      const status = range === undefined ? 200 : 206
      if (request.method === 'HEAD') return { status, headers: sent, body: Buffer.alloc(0) }
      return { status, headers: sent, body: counted(await files.readContent(file, start, end), metrics) }
    },
  }
}

function validatorsOf(file: FileView): Validators & { date?: { date: string } } {
  const now = Date.now()
  const lastModified = new Date(Math.min(Date.parse(file.created_at), now))
  lastModified.setUTCMilliseconds(0)
  const validators = { etag: `"${file.sha256}"`, lastModified }
  if (Date.parse(file.created_at) < now - NODE_DATE_MS) return validators
  // Another server's clock may be ahead, and no date may be later than that of the response (RFC 9110 section 8.8.2.1).
  return { ...validators, date: { date: new Date(now).toUTCString() } }
}

/** A file is its owner's, whatever it claims to be: it is offered for saving and never runs in this origin. */
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
  const fallback = plainName(name)
  return contentDisposition(name, { type: 'attachment', ...(fallback !== undefined && { fallback }) })
}

/**
 * For clients that know only ASCII names: a neutral name with the same ending. An ASCII name stays as it is; with it the
 * package sends the exact name as well where browsers read it in several ways (RFC 6266 appendix D).
 */
function plainName(name: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(name)) return undefined
  return `download${/\.[a-z0-9]{1,10}$/i.exec(name)?.[0] ?? ''}`
}

function counted(bytes: ByteSource | Buffer, metrics: DownloadMetrics): ByteSource | Buffer {
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
