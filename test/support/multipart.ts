import { randomUUID } from 'node:crypto'

export interface Part {
  /** The header lines of the part, sent as they are, even if malformed. */
  head: string
  body: Buffer | string
}

export interface Form {
  boundary: string
  contentType: string
  body: Buffer
}

/** Encodes a form as browsers do. */
export function formOf(parts: Part[], boundary = `----form-${randomUUID()}`): Form {
  const pieces = parts.flatMap(({ head, body }) => [
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
    Buffer.from(body),
    Buffer.from('\r\n'),
  ])
  const body = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)])
  return { boundary, contentType: `multipart/form-data; boundary=${boundary}`, body }
}

export function fieldPart(name: string, value: string): Part {
  return { head: `Content-Disposition: form-data; name="${name}"`, body: value }
}

/** @param name escaped as WHATWG HTML section 4.10.21.8 says: only characters that would end the header */
export function filePart(name: string, body: Buffer | string, mediaType = 'application/octet-stream'): Part {
  const escaped = name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  return {
    head: `Content-Disposition: form-data; name="file"; filename="${escaped}"\r\nContent-Type: ${mediaType}`,
    body,
  }
}
