import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { needed } from './installed.js'
import { TempFolder } from './temp-folder.js'

const execute = promisify(execFile)

const SECONDS = 4

export interface Load {
  url: string
  connections: number
  seconds?: number
  headers?: Record<string, string>
  /** A Lua script that makes the requests instead of GET; `args` are passed to its `init`. */
  script?: string
  args?: string[]
}

/**
 * Loads a server for some seconds (four by default) from one thread of another process.
 * @returns responses per second
 * @throws Error if any response had a status of 400 or more, or a connection broke
 */
export async function responsesPerSecond({
  url,
  connections,
  seconds = SECONDS,
  headers = {},
  script,
  args = [],
}: Load): Promise<number> {
  await using folder = new TempFolder()
  const file = join(folder.path, 'requests.lua')
  if (script !== undefined) writeFileSync(file, script)
  const { stdout } = await execute(needed('wrk'), [
    '--threads=1',
    `--connections=${connections}`,
    `--duration=${seconds}s`,
    '--timeout=10s',
    ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
    ...(script === undefined ? [] : ['--script', file]),
    url,
    ...(args.length === 0 ? [] : ['--', ...args]),
  ])
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk ${url}:\n${stdout}`)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
}
