import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { needed } from './installed.js'

const execute = promisify(execFile)

export interface CurlResponse {
  seconds: number
  /** Headers and body of the response. */
  text: string
}

/**
 * Sends one request with curl.
 * @returns seconds from before the connection until the end of the response
 * @throws Error for a status of 400 or more
 */
export async function curl(...args: string[]): Promise<CurlResponse> {
  const format = '\n%{http_code} %{time_total}'
  const { stdout } = await execute(needed('curl'), [
    '--silent',
    '--show-error',
    '--include',
    '--write-out',
    format,
    ...args,
  ])
  const [, text = '', status, seconds] = /^(.*)\n(\d+) ([\d.]+)$/s.exec(stdout) ?? []
  if (!/^[23]/.test(String(status))) throw new Error(`curl: ${stdout}`)
  return { seconds: Number(seconds), text }
}
