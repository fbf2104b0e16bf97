const SERVER_NAME = /^[a-z][a-z0-9-]{0,31}$/

/** `ca.crt` and `ca.key` are in the same folder as the servers' files. */
const RESERVED_NAME = 'ca'

/** Whether a server may have this name. It is in the server's certificate, and the origin of its changes. */
export function isServerName(text: string): boolean {
  return SERVER_NAME.test(text) && text !== RESERVED_NAME
}
