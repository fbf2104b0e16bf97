import { spawn, spawnSync } from 'node:child_process'
import type { Test } from 'tap'

/**
 * What a test says when it is skipped because these programs are not there; false when all are. On CI nothing may be
 * skipped: there the test runs, and fails for want of them.
 */
export function missing(...programs: string[]): string | false {
  const absent = programs.filter((program) => spawnSync('which', [program]).status !== 0)
  if (absent.length === 0 || process.env['CI']) return false
  return `not attacked: install Debian's ${absent.join(', ')}`
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
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
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
  return { code, output }
}
