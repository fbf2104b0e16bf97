/** What the header of a form's part says (RFC 7578 section 4.2), as browsers and other programs write it. */

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

/**
 * Reads the fields of a part's header, by lower-case name, each byte as a character.
 * @returns what is wrong with them, to be read after "a part", when they cannot be read in one way
 */
export function readPartHeader(fields: Record<string, string[] | undefined>): PartHeader | string {
  const [value, ...more] = fields['content-disposition'] ?? []
  if (value === undefined || more.length > 0) return 'needs one Content-Disposition'
  const disposition = textOf(Buffer.from(value, 'latin1'))
  if (disposition === undefined) return 'must have a header in UTF-8'
  const parameters = parametersOf(disposition)
  if (parameters === undefined) return 'has a malformed Content-Disposition'
  const name = parameters.get('name')
  if (name === undefined) return 'needs a name'
  return { name, filename: filenameOf(parameters), mediaType: fields['content-type']?.[0] }
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
