/** Parses the header of a form's part (RFC 7578 section 4.2), in the variants that browsers and other clients send. */

import { FORM_LIMITS } from '../limits.js'

export interface PartHeader {
  name: string
  /** Undefined for a field. */
  filename: string | undefined
  /** The value of `Content-Type`. */
  mediaType: string | undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A parameter. Names contain unescaped quotes, so a quoted value ends only at a quote before a semicolon or the end. */
const PARAMETER = /;[ \t]*([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"(.*?)"[ \t]*(?=;|$)|([^";]*))/gsy

/** RFC 8187 section 3.2.1. */
const EXTENDED = /^utf-8'[\w-]*'((?:[\w!#$&+.^`|~-]|%[0-9a-f]{2})*)$/i

/** @returns undefined for invalid UTF-8 */
export function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** A field with the line end before it. A line that begins with white space continues the previous one (RFC 5322). */
const FIELD = /\r\n([\w!#$%&'*+.^`|~-]+)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)/gy

/**
 * @param text the header from the end of the delimiter's line on, each byte as a character
 * @returns for a malformed or ambiguous header its fault, phrased to follow "a part"
 */
export function readPartHeader(text: string): PartHeader | string {
  const fields = fieldsOf(text)
  if (fields === undefined) return 'has a malformed header'
  const [value, ...more] = fields.get('content-disposition') ?? []
  if (value === undefined || more.length > 0) return 'needs one Content-Disposition'
  const disposition = decodeUtf8(Buffer.from(value, 'latin1'))
  if (disposition === undefined) return 'has a header that is not valid UTF-8'
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
  // White space may follow a delimiter (RFC 2046 section 5.1.1).
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
    // Browsers and curl escape a quote as %22, so a backslash is part of the name.
    parameters.set(key.toLowerCase(), quoted?.replaceAll('%22', '"') ?? token.trim())
    end = PARAMETER.lastIndex
  }
  return /^[; \t]*$/.test(disposition.slice(end)) ? parameters : undefined
}

/** Prefers `filename*`: its senders reduce `filename` to ASCII. */
function filenameOf(parameters: Map<string, string>): string | undefined {
  const encoded = EXTENDED.exec(parameters.get('filename*') ?? '')?.[1]
  const extended = encoded === undefined ? undefined : decodeUtf8(percentDecode(encoded))
  return extended ?? parameters.get('filename')
}

function percentDecode(encoded: string): Buffer {
  const latin1 = encoded.replaceAll(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(latin1, 'latin1')
}
