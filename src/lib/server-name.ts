const SERVER_NAME = /^[a-z][a-z0-9-]{0,31}$/

/** `ca.crt` and `ca.key` stand beside the files of the servers. */
const RESERVED_NAME = 'ca'

/** Whether a server may have this name, which stands in its certificate and is the origin of its changes. */
export function isServerName(text: string): boolean {
  return SERVER_NAME.test(text) && text !== RESERVED_NAME
}
