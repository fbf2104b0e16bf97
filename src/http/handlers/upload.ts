import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { type Pour, pour } from '../../byte-source.js'
import type { Handlers } from '../../contract/handlers.js'
import type { Caller } from '../../domain/caller.js'
import { DomainError } from '../../domain/errors.js'
import type { Files } from '../../domain/files.js'
import type { Uploads } from '../../domain/uploads.js'
import type { FileView } from '../../domain/views.js'
import { account } from './identity.js'

/** More of a form than its file can have: boundaries, headers of parts, and fields. */
const FORM_OVERHEAD_BYTES = 16 * 1024

const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}(?:;[\x20-\x7e]*)?$/i

export interface UploadMetrics {
  bytesUploaded(sizeBytes: number): void
}

/** Waits until so many servers hold a file's bytes; whether it was reached. */
export type WaitForCopies = (fileId: string, minCopies: number, signal: AbortSignal) => Promise<boolean>

type Fields = { folder?: string; visibility?: 'private' | 'friends' | 'public'; sha256?: string }

export interface UploadHandlerOptions {
  uploads: Uploads
  files: Files
  waitForCopies: WaitForCopies
  metrics: UploadMetrics
}

export function uploadHandler(options: UploadHandlerOptions): Pick<Handlers, 'uploadFile'> {
  const { uploads, files, waitForCopies, metrics } = options
  return {
    async uploadFile({ query }, context) {
      const { user_id } = account(context.caller)
      const { request } = context
      const declaredBytes = Math.max(0, Number(request.headers['content-length'] ?? 0) - FORM_OVERHEAD_BYTES)
      uploads.assertRoom(user_id, declaredBytes)
      context.continueBody()
      const form = await openForm(request, metrics)
      const { filename, mimetype } = form.part
      const input = {
        name: unescaped(filename),
        media_type: MEDIA_TYPE.test(mimetype) ? mimetype.toLowerCase() : 'application/octet-stream',
        declaredBytes,
        ...form.fields,
        // A form in a browser sends what was left blank, too.
        sha256: form.fields.sha256 || undefined,
      }
      const { file, etag } = await uploads.store(user_id, input, form.bytes)
      const headers = { location: `/files/${file.id}`, etag }
      if (query.min_copies === undefined) return { status: 201, headers, body: file }
      const reached = await waitForCopies(file.id, query.min_copies, context.signal)
      return { status: reached ? 201 : 202, headers, body: present(files, context.caller, file) }
    },
  }
}

/** A file as it is now, with those who hold it; as it was, if it was deleted meanwhile. */
function present(files: Files, caller: Caller, stored: FileView): FileView {
  try {
    return files.get(caller, stored.id).file
  } catch (error) {
    if (error instanceof DomainError && error.code === 'file-not-found') return stored
    throw error
  }
}

/**
 * Undoes what clients do to a name so that it cannot end the header (WHATWG HTML section 4.10.21.8). They do it to no
 * other character, `%` included.
 */
function unescaped(filename: string): string {
  return filename.replaceAll(/%(?:22|0D|0A)/g, decodeURIComponent)
}

interface Form {
  fields: Fields
  part: MultipartFile
  /** The file's bytes; ends well only if the file was the form's last part. */
  bytes: Pour
}

/** Reads a form up to its file. @throws DomainError validation-failed */
async function openForm(request: FastifyRequest, metrics: UploadMetrics): Promise<Form> {
  // The name is the client's to choose: the plugin would cut it after its last slash or backslash.
  const parts = request.parts({ preservePath: true })
  const fields: Record<string, string> = {}
  for await (const part of keepOpen(parts)) {
    if (part.type === 'file') {
      // The plugin gives both undefined where the part's header does not name them, whatever its types say.
      if (part.fieldname !== 'file') throw invalid(part.fieldname ?? '', 'is no part of this form')
      if (part.filename === undefined) throw invalid('file', 'needs a file name')
      return { fields: fields as Fields, part, bytes: fileBytes(part, parts, metrics) }
    }
    addField(fields, part.fieldname ?? '', part.value, part.valueTruncated || part.fieldnameTruncated)
  }
  throw invalid('file', 'is missing: the form needs one part with this name and a file name')
}

/** Iterates without ending the iterator when the loop is left. */
async function* keepOpen<T>(iterator: AsyncIterator<T>): AsyncGenerator<T> {
  for (let step = await iterator.next(); !step.done; step = await iterator.next()) yield step.value
}

function fileBytes(part: MultipartFile, parts: AsyncIterator<unknown>, metrics: UploadMetrics): Pour {
  return async (take) => {
    await pour(part.file, (chunk) => {
      metrics.bytesUploaded(chunk.length)
      return take(chunk)
    })
    const after = await parts.next()
    if (!after.done) throw invalid('file', 'must be the last part of the form, and the only file')
  }
}

const FIELDS: Record<keyof Fields, (value: string) => string | undefined> = {
  folder: () => undefined,
  visibility: (value) =>
    ['private', 'friends', 'public'].includes(value) ? undefined : 'must be private, friends or public',
  sha256: (value) => (/^(?:[0-9a-f]{64})?$/.test(value) ? undefined : 'must be 64 lower-case hex digits'),
}

function addField(fields: Record<string, string>, name: string, value: unknown, truncated: boolean): void {
  const check = Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof Fields] : undefined
  if (check === undefined) throw invalid(name, 'is no part of this form')
  if (Object.hasOwn(fields, name)) throw invalid(name, 'must not be repeated')
  if (truncated || typeof value !== 'string') throw invalid(name, 'is too long')
  const fault = check(value)
  if (fault !== undefined) throw invalid(name, fault)
  fields[name] = value
}

function invalid(name: string, message: string): DomainError {
  const path = `body/${name.slice(0, 64)}`
  return new DomainError('validation-failed', `${path} ${message}.`, { errors: [{ path, message }] })
}
