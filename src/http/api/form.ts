/**
 * Parses a form part by part as it arrives (RFC 7578, RFC 2046 section 5.1). Common parsers create a stream for each form
 * and each part, which takes a fifth of the time of a small upload (bench row `upload-small`).
 */

import type { IncomingMessage } from 'node:http'
import type { ChunkSource } from '../../lib/byte-source.js'
import { FORM_LIMITS } from '../limits.js'
import { invalidPart } from '../responses/problems.js'
import { BodyReader } from './body-reader.js'
import { type PartHeader, readPartHeader } from './part-header.js'

export interface FormPart extends PartHeader {
  /** The part's content. Read it to its end before the next part. */
  copy: ChunkSource
}

const BOUNDARY = /;[ \t]*boundary=(?:"([^"]{1,70})"|([^\s";]{1,70}))/i

const LINE_END = Buffer.from('\r\n')
const HEADER_END = Buffer.from('\r\n\r\n')

/** @throws DomainError validation-failed, and errors of the request stream */
export async function* formParts(request: IncomingMessage): AsyncGenerator<FormPart, void> {
  const { 'content-type': contentType } = request.headers
  // The body check removes the type of a request without a body.
  if (contentType === undefined) throw malformed('the body is empty')
  const boundary = BOUNDARY.exec(contentType)
  if (boundary === null) throw malformed('Content-Type has no boundary')
  const delimiter = Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`, 'latin1')
  // The line end completes the first delimiter, which has no line before it.
  using body = BodyReader.start(request, LINE_END, () => invalidPart('body', 'must be sent whole'))
  const copy: ChunkSource = async (take) => {
    if (!(await body.copyTo(delimiter, take))) throw malformed('a boundary is missing')
  }
  await copy(() => undefined)
  for (let count = 1; !(await isLast(body)); count++) {
    if (count > FORM_LIMITS.parts) throw invalidPart('body', `must have at most ${FORM_LIMITS.parts} parts`)
    const header = readPartHeader(await readHeader(body))
    if (typeof header === 'string') throw malformed(`a part ${header}`)
    yield { ...header, copy }
  }
  await readEpilogue(body)
}

/** Whether the last delimiter ends the form. */
async function isLast(body: BodyReader): Promise<boolean> {
  while (body.unread.length < 2) if (!(await body.readMore())) throw malformed('it is truncated')
  return body.unread[0] === 0x2d && body.unread[1] === 0x2d
}

/** Reads a part's header fields, each byte as a character, up to the part's content. */
async function readHeader(body: BodyReader): Promise<string> {
  let end = body.unread.indexOf(HEADER_END)
  for (; end === -1 && body.unread.length <= FORM_LIMITS.headerBytes; end = body.unread.indexOf(HEADER_END))
    if (!(await body.readMore())) throw malformed('it is truncated')
  if (end === -1 || end > FORM_LIMITS.headerBytes) throw malformed('the header of a part is too long')
  return body.read(end + HEADER_END.length).toString('latin1', 0, end)
}

/** Reads and ignores the bytes after a form, so that the connection can serve another request. */
async function readEpilogue(body: BodyReader): Promise<void> {
  let sizeBytes = 0
  do {
    sizeBytes += body.read(body.unread.length).length
    if (sizeBytes > FORM_LIMITS.epilogueBytes) throw malformed('too many bytes follow its end')
  } while (await body.readMore())
}

function malformed(reason: string): Error {
  return invalidPart('body', `must be well-formed multipart/form-data: ${reason}`)
}
