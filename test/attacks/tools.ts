import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/**
 * The reason to skip a test: programs are missing, or it takes long. Returns false when it should run: by `npm run attack`,
 * and on CI, where it fails if a program is missing.
 */
export function missing(...programs: string[]): string | false {
  const { CI, ATTACK } = process.env
  if (CI) return false
  const absent = programs.filter((program) => spawnSync('which', [program]).status !== 0)
  if (absent.length > 0) return `not attacked: install Debian's ${absent.join(', ')}`
  return ATTACK ? false : `${programs.join(', ')}: npm run attack runs it`
}

/** Run with more time and more attempts, by `npm run attack`. */
export const isLong = process.env['ATTACK'] === 'long'

export interface RunResult {
  code: number | null
  output: string
}

/** Runs a program. Kills it when `signal` aborts, the test ends, or the time is up. */
export async function run(
  t: Test,
  program: string,
  args: string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<RunResult> {
  // A killed program leaves its temporary files.
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
  signal?.addEventListener('abort', end)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(timer)
  await rm(temporary, { recursive: true, force: true })
  return { code, output }
}
