/**
 * The parts of a form as they arrive (RFC 7578, RFC 2046 section 5.1). Parsers of others make a stream of each form and of
 * each part, which takes a fifth of the time of a small upload (bench row `upload-small`).
 */

import type { IncomingMessage } from 'node:http'
import type { ChunkSource } from '../../lib/byte-source.js'
import { FORM_LIMITS } from '../limits.js'
import { invalidPart } from '../responses/problems.js'
import { BodyBytes } from './body-bytes.js'
import { type PartHeader, readPartHeader } from './part-header.js'

export interface FormPart extends PartHeader {
  /** The part's bytes, to be read to their end before the next part comes. */
  copy: ChunkSource
}

const BOUNDARY = /;[ \t]*boundary=(?:"([^"]{1,70})"|([^\s";]{1,70}))/i

const LINE_END = Buffer.from('\r\n')
const HEADER_END = Buffer.from('\r\n\r\n')

/** @throws DomainError validation-failed, and what the request itself fails with */
export async function* formParts(request: IncomingMessage): AsyncGenerator<FormPart, void> {
  const boundary = BOUNDARY.exec(request.headers['content-type'] ?? '')
  if (boundary === null) throw malformed('it has no boundary')
  const delimiter = Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`, 'latin1')
  // The first delimiter needs no line before it.
  using body = new BodyBytes(request, LINE_END, () => invalidPart('body', 'must be sent whole'))
  const copy: ChunkSource = async (take) => {
    if (!(await body.copyTo(delimiter, take))) throw malformed('it is cut off, or no form at all')
  }
  await copy(() => undefined)
  for (let count = 1; !(await isLast(body)); count++) {
    if (count > FORM_LIMITS.parts) throw invalidPart('body', 'must not have so many parts')
    const header = readPartHeader(await headerOf(body))
    if (typeof header === 'string') throw malformed(`a part of it ${header}`)
    yield { ...header, copy }
  }
  await readEpilogue(body)
}

/** Whether the delimiter that was read last ends the form. */
async function isLast(body: BodyBytes): Promise<boolean> {
  while (body.unread.length < 2) if (!(await body.more())) throw malformed('it is cut off')
  return body.unread[0] === 0x2d && body.unread[1] === 0x2d
}

/** The fields of a part's header, each byte as a character; what follows is the part's bytes. */
async function headerOf(body: BodyBytes): Promise<string> {
  let end = body.unread.indexOf(HEADER_END)
  for (; end === -1 && body.unread.length <= FORM_LIMITS.headerBytes; end = body.unread.indexOf(HEADER_END))
    if (!(await body.more())) throw malformed('it is cut off')
  if (end === -1 || end > FORM_LIMITS.headerBytes) throw malformed('a part of it has too long a header')
  return body.read(end + HEADER_END.length).toString('latin1', 0, end)
}

/** Reads what stands after a form, so that the connection can serve another request. It says nothing and is short. */
async function readEpilogue(body: BodyBytes): Promise<void> {
  let size = 0
  do {
    size += body.read(body.unread.length).length
    if (size > FORM_LIMITS.epilogueBytes) throw malformed('much comes after it')
  } while (await body.more())
}

function malformed(why: string): Error {
  return invalidPart('body', `must be well-formed multipart/form-data: ${why}`)
}
