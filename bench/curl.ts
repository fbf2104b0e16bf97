import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { needed } from './installed.js'

const execute = promisify(execFile)

export interface CurlResponse {
  seconds: number
  /** With the headers before it. */
  text: string
}

/**
 * Sends one request by curl.
 * @returns seconds, from before the connection until the end of the answer
 * @throws Error for an answer that refuses
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
