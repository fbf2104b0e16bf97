import type { IncomingMessage } from 'node:http'
import type { Handlers } from '../../contract/handlers.js'
import type { Caller } from '../../domain/caller.js'
import { DomainError } from '../../domain/errors.js'
import type { Files } from '../../domain/files.js'
import type { Uploads } from '../../domain/uploads.js'
import { validate } from '../../domain/validate.js'
import type { FileView } from '../../domain/views.js'
import type { ChunkSink } from '../../lib/byte-source.js'
import { faultOfFolder, normalizeFolder } from '../../model/names.js'
import { FORM_LIMITS } from '../limits.js'
import { invalidPart } from '../responses/problems.js'
import { type FormPart, formParts } from './form.js'
import { accountOf } from './identity.js'
import { decodeUtf8 } from './part-header.js'

/** Upper estimate of a form's boundaries, part headers and fields, without the file. */
const FORM_OVERHEAD_BYTES = 16 * 1024

const MEDIA_TYPE = /^([a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127})[ \t]*(;[\x20-\x7e]*)?$/i
const MAX_MEDIA_TYPE_LENGTH = 255

export interface UploadMetrics {
  bytesUploaded(sizeBytes: number): void
}

/** Waits until `minCopies` servers store a file's blob. Resolves to false when that takes too long. */
export type WaitForReplicas = (fileId: string, minCopies: number, signal: AbortSignal) => Promise<boolean>

type Fields = { folder?: string; visibility?: 'private' | 'friends' | 'public'; sha256?: string }

export interface UploadHandlerDeps {
  uploads: Uploads
  files: Files
  waitForReplicas: WaitForReplicas
  metrics: UploadMetrics
}

export function uploadHandler(deps: UploadHandlerDeps): Pick<Handlers, 'uploadFile'> {
  const { uploads, files, waitForReplicas, metrics } = deps
  return {
    async uploadFile({ query }, context) {
      const { user_id } = accountOf(context.caller)
      const { request } = context
      const declaredBytes = Math.max(0, Number(request.headers['content-length'] ?? 0) - FORM_OVERHEAD_BYTES)
      uploads.assertRoom(user_id, declaredBytes)
      context.continueBody()
      const form = await openForm(request.raw, metrics)
      const input = { name: form.filename, media_type: form.mediaType, declaredBytes }
      const { file, etag } = await uploads.store(user_id, input, (take) => form.receive(take))
      const headers = { location: `/files/${file.id}`, etag }
      if (query.min_copies === undefined) return { status: 201, headers, body: file }
      const reached = await waitForReplicas(file.id, query.min_copies, context.signal)
      return { status: reached ? 201 : 202, headers, body: currentView(files, context.caller, file) }
    },
  }
}

/** The file's current state, with the servers that store it; `stored` if it has been deleted since. */
function currentView(files: Files, caller: Caller, stored: FileView): FileView {
  try {
    return files.get(caller, stored.id).file
  } catch (error) {
    if (error instanceof DomainError && error.code === 'file-not-found') return stored
    throw error
  }
}

interface Form {
  filename: string
  mediaType: string
  /** Passes the file's bytes to `take`. Resolves to the form's fields, which may precede or follow the file. */
  receive(take: ChunkSink): Promise<Fields>
}

/** Reads a form up to its file. @throws DomainError validation-failed */
async function openForm(request: IncomingMessage, metrics: UploadMetrics): Promise<Form> {
  const parts = formParts(request)
  const fields: Record<string, string> = {}
  const file = await nextFilePart(parts, fields)
  if (file === undefined)
    throw invalidPart('body/file', 'is missing: the form needs a part "file" with a filename')
  const { filename, mediaType, copy } = file
  if (filename === undefined) throw invalidPart('body/file', 'needs a filename')
  return {
    filename,
    mediaType: mediaTypeOf(mediaType),
    async receive(take) {
      await copy((chunk) => {
        metrics.bytesUploaded(chunk.length)
        return take(chunk)
      })
      if ((await nextFilePart(parts, fields)) !== undefined)
        throw invalidPart('body/file', 'must be the only file')
      // Browsers send blank fields of a form too.
      return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '')) as Fields
    },
  }
}

/** The declared media type with its parameters; `application/octet-stream` for an invalid one. */
function mediaTypeOf(declared = ''): string {
  const [, essence, parameters = ''] = MEDIA_TYPE.exec(declared.trim()) ?? []
  if (essence === undefined) return 'application/octet-stream'
  const mediaType = essence.toLowerCase() + parameters
  return mediaType.length > MAX_MEDIA_TYPE_LENGTH ? essence.toLowerCase() : mediaType
}

/** Reads fields into `fields` up to the next file part or the form's end. */
async function nextFilePart(
  parts: AsyncIterator<FormPart>,
  fields: Record<string, string>,
): Promise<FormPart | undefined> {
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    const part = next.value
    if (part.name === 'file') return part
    const { name, filename } = part
    const path = `body/${name.slice(0, 64)}`
    const faultOf = Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof Fields] : undefined
    if (faultOf === undefined || filename !== undefined) throw invalidPart(path, 'is unknown here')
    if (Object.hasOwn(fields, name)) throw invalidPart(path, 'must not be repeated')
    const text = await readFieldText(part, path)
    fields[name] = text && validate(text, faultOf, name)
  }
  return undefined
}

async function readFieldText({ copy }: FormPart, path: string): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  await copy((chunk) => {
    sizeBytes += chunk.length
    if (sizeBytes > FORM_LIMITS.fieldBytes) throw invalidPart(path, 'is too long')
    chunks.push(chunk)
    return undefined
  })
  const text = decodeUtf8(Buffer.concat(chunks))
  if (text === undefined) throw invalidPart(path, 'must be valid UTF-8')
  return text
}

const FIELDS: Record<keyof Fields, (value: string) => string | undefined> = {
  folder: (value) => faultOfFolder(normalizeFolder(value)),
  visibility: (value) =>
    ['private', 'friends', 'public'].includes(value) ? undefined : 'must be private, friends or public',
  sha256: (value) => (/^[0-9a-f]{64}$/.test(value) ? undefined : 'must be 64 lower-case hex digits'),
}
