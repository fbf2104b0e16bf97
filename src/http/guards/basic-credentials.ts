const BASIC = /^Basic +([\w+/-]+={0,2}) *$/i

/** Parses an `Authorization` header of the scheme Basic (RFC 7617). @returns undefined for anything else */
export function parseBasicCredentials(header: string): { username: string; password: string } | undefined {
  const encoded = BASIC.exec(header)?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
