/** What the header of a form's part says (RFC 7578 section 4.2), as browsers and other programs write it. */

import { FORM_LIMITS } from '../limits.js'

export interface PartHeader {
  name: string
  /** Undefined for a field. */
  filename: string | undefined
  /** The media type as the part states it. */
  mediaType: string | undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A parameter: in quotes up to the quote that a semicolon or the end follows, for names have quotes and backslashes. */
const PARAMETER = /;[ \t]*([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"(.*?)"[ \t]*(?=;|$)|([^";]*))/gsy

/** RFC 8187 section 3.2.1. */
const EXTENDED = /^utf-8'[\w-]*'((?:[\w!#$&+.^`|~-]|%[0-9a-f]{2})*)$/i

/** Text of bytes; undefined where they are not UTF-8. */
export function textOf(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** A field, with the line end before it; a line that begins with white space goes on with the one before (RFC 5322). */
const FIELD = /\r\n([\w!#$%&'*+.^`|~-]+)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)/gy

/**
 * Reads a part's header, which begins with the end of the delimiter's line, each byte as a character.
 * @returns what is wrong with it, to be read after "a part", when it cannot be read in one way
 */
export function readPartHeader(text: string): PartHeader | string {
  const fields = fieldsOf(text)
  if (fields === undefined) return 'has a malformed header'
  const [value, ...more] = fields.get('content-disposition') ?? []
  if (value === undefined || more.length > 0) return 'needs one Content-Disposition'
  const disposition = textOf(Buffer.from(value, 'latin1'))
  if (disposition === undefined) return 'must have a header in UTF-8'
  const parameters = parametersOf(disposition)
  if (parameters === undefined) return 'has a malformed Content-Disposition'
  const name = parameters.get('name')
  if (name === undefined) return 'needs a name'
  return { name, filename: filenameOf(parameters), mediaType: fields.get('content-type')?.[0] }
}

/** The fields' values by lower-case name. */
function fieldsOf(text: string): Map<string, string[]> | undefined {
  const fields = new Map<string, string[]>()
  let count = 0
  // RFC 2046 allows white space after a delimiter.
  let end = text.search(/[^ \t]|$/)
  FIELD.lastIndex = end
  for (let match = FIELD.exec(text); match !== null; match = FIELD.exec(text)) {
    const [, name = '', value = ''] = match
    const key = name.toLowerCase()
    fields.set(key, [...(fields.get(key) ?? []), value.replaceAll('\r\n', '').trim()])
    count += 1
    end = FIELD.lastIndex
  }
  return end === text.length && count <= FORM_LIMITS.headers ? fields : undefined
}

function parametersOf(disposition: string): Map<string, string> | undefined {
  const type = /^form-data[ \t]*/i.exec(disposition)?.[0]
  if (type === undefined) return undefined
  const parameters = new Map<string, string>()
  PARAMETER.lastIndex = type.length
  let end = type.length
  for (let match = PARAMETER.exec(disposition); match !== null; match = PARAMETER.exec(disposition)) {
    const [, key = '', quoted, token = ''] = match
    if (parameters.has(key.toLowerCase())) return undefined
    // Backslashes stay: browsers and curl escape the quote as %22, and line ends, which are in no name here.
    parameters.set(key.toLowerCase(), quoted?.replaceAll('%22', '"') ?? token.trim())
    end = PARAMETER.lastIndex
  }
  return /^[; \t]*$/.test(disposition.slice(end)) ? parameters : undefined
}

/** `filename*` goes first: who sends it puts into `filename` what is left of the name in ASCII. */
function filenameOf(parameters: Map<string, string>): string | undefined {
  const encoded = EXTENDED.exec(parameters.get('filename*') ?? '')?.[1]
  const extended = encoded === undefined ? undefined : textOf(bytesOf(encoded))
  return extended ?? parameters.get('filename')
}

function bytesOf(encoded: string): Buffer {
  const latin1 = encoded.replaceAll(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(latin1, 'latin1')
}
