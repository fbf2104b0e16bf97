import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { RegionalConfig } from '../../src/config/config.js'

const PROGRAM = fileURLToPath(new URL('../../dist/bin/syncsphere.js', import.meta.url))

export interface ProgramResult {
  code: number | null
  output: string
  errors: string
}

/** Runs an operator command of the built program against a server's data folder. */
export async function operate(
  { name, dataDir }: Pick<RegionalConfig, 'name' | 'dataDir'>,
  command: string[],
  input: string | Buffer = '',
  program = PROGRAM,
): Promise<ProgramResult> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    SYNCSPHERE_NAME: name,
    SYNCSPHERE_DATA_DIR: dataDir,
  }
  const child = spawn(process.execPath, [program, ...command], { env })
  child.stdin.on('error', () => undefined).end(input)
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, output, errors }
}

/** Runs a command that must succeed; returns its output. */
export async function operated(...command: Parameters<typeof operate>): Promise<string> {
  const { code, output, errors } = await operate(...command)
  if (code !== 0) throw new Error(`${command[1].join(' ')}: ${code} ${errors}`)
  return output
}
