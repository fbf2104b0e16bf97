import { PREFIX } from '../config/environment.js'
import { processUsingPort } from '../lib/process-using.js'

export interface Address {
  host: string
  port: number
}

const PORT = `${PREFIX}PORT`
const HOST = `${PREFIX}HOST`

/** What keeps a server from listening, by the code of the system's error: the variable to change, and the cause. */
const CAUSES: Record<string, (address: Address) => string> = {
  EADDRINUSE: ({ host, port }) => `${PORT}: ${host}:${port} is in use by ${processUsingPort(host, port)}`,
  EACCES: ({ host, port }) => `${PORT}: this user may not listen on ${host}:${port}`,
  EADDRNOTAVAIL: ({ host }) => `${HOST}: ${host} is not an address of this machine`,
  ENOTFOUND: ({ host }) => `${HOST}: no address is known for ${host}`,
}

/** Waits for a server to listen. A failure names the variable to change. */
export async function listenOrExplain<T>(address: Address, listening: Promise<T>): Promise<T> {
  try {
    return await listening
  } catch (error) {
    const cause = CAUSES[(error as NodeJS.ErrnoException).code ?? '']
    throw cause === undefined ? error : new Error(cause(address), { cause: error })
  }
}
