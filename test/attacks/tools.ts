import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/**
 * What a test says when it is skipped, because these programs are not there or because it takes long; false when it
 * runs, as it does on CI, where it fails for want of a program, and by `npm run attack`.
 */
export function missing(...programs: string[]): string | false {
  const { CI, ATTACK } = process.env
  if (CI) return false
  const absent = programs.filter((program) => spawnSync('which', [program]).status !== 0)
  if (absent.length > 0) return `not attacked: install Debian's ${absent.join(', ')}`
  return ATTACK ? false : `${programs.join(', ')}: npm run attack runs it`
}

/** More time and more tries than the tests of every day have: `npm run attack`. */
export const isLong = process.env['ATTACK'] === 'long'

export interface Ran {
  code: number | null
  output: string
}

/** Runs a program to its end, which `over`, the test's end, or too much time, brings about. */
export async function run(
  t: Test,
  program: string,
  args: string[],
  timeoutMs: number,
  over?: AbortSignal,
): Promise<Ran> {
  // What is ended leaves its temporary files.
  const temporary = await mkdtemp(join(tmpdir(), 'attack-'))
  const env = { ...process.env, TMPDIR: temporary }
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  const end = () => void child.kill('SIGKILL')
  const timer = setTimeout(end, timeoutMs)
  t.teardown(end)
  over?.addEventListener('abort', end)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(timer)
  await rm(temporary, { recursive: true, force: true })
  return { code, output }
}
