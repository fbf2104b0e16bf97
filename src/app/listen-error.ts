import { PREFIX } from '../config/environment.js'
import { processUsingPort } from '../lib/process-using.js'

export interface Address {
  host: string
  port: number
}

const PORT_VARIABLE = `${PREFIX}PORT`
const HOST_VARIABLE = `${PREFIX}HOST`

/** Messages by error code: the variable to change, and the cause. */
const CAUSES: Record<string, (address: Address) => string> = {
  EADDRINUSE: ({ host, port }) =>
    `${PORT_VARIABLE}: ${host}:${port} is in use by ${processUsingPort(host, port)}`,
  EACCES: ({ host, port }) => `${PORT_VARIABLE}: this user has no permission to listen on ${host}:${port}`,
  EADDRNOTAVAIL: ({ host }) => `${HOST_VARIABLE}: ${host} is not an address of this machine`,
  ENOTFOUND: ({ host }) => `${HOST_VARIABLE}: ${host} cannot be resolved`,
}

/** Waits for a server to listen. @throws Error naming the variable to change */
export async function listenOrExplain<T>(address: Address, listening: Promise<T>): Promise<T> {
  try {
    return await listening
  } catch (error) {
    const cause = CAUSES[(error as NodeJS.ErrnoException).code ?? '']
    throw cause === undefined ? error : new Error(cause(address), { cause: error })
  }
}
