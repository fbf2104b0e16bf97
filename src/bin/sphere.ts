#!/usr/bin/env node
/** Runs a whole sphere on one machine, each server a process of its own that is started again when it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureCertificates } from '../certs/folder.js'

const GRAND = { name: 'grand', port: 9000 }
const REGIONALS = [
  { name: 'eu', port: 5001 },
  { name: 'us', port: 5002 },
  { name: 'ap', port: 5003 },
]
const RESTART_MS = 1000

const { DATA_DIR = 'data', CERTS_DIR = 'certs/dev', LOG_LEVEL = 'warn' } = process.env
const children = new Map<string, ChildProcess>()
let stopping = false

const names = [GRAND, ...REGIONALS].map(({ name }) => name)
await ensureCertificates(CERTS_DIR, { names, now: new Date() })
run('grand', GRAND)
for (const regional of REGIONALS)
  run('regional', { ...regional, grandUrl: `https://127.0.0.1:${GRAND.port}` })
console.log(
  `a sphere of ${names.join(', ')}; the API to try is at http://127.0.0.1:${REGIONALS[0]?.port}/docs`,
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal))

function run(program: 'grand' | 'regional', server: { name: string; port: number; grandUrl?: string }): void {
  const { name, port, grandUrl } = server
  const env = {
    // Arenas of the C library keep what password hashing takes, 19 MiB each.
    MALLOC_ARENA_MAX: '1',
    ...process.env,
    CERTS_DIR,
    LOG_LEVEL,
    NAME: name,
    PORT: String(port),
    DATA_DIR: join(DATA_DIR, name),
    ...(grandUrl === undefined ? {} : { GRAND_URL: grandUrl }),
  }
  const path = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
  const child = spawn(process.execPath, [path], { env, stdio: 'inherit' })
  children.set(name, child)
  child.on('exit', (code, signal) => {
    children.delete(name)
    if (stopping) return
    // A configuration that cannot work does not work the next time either.
    if (code === 1) return stop('SIGTERM', 1)
    console.error(`${name} ended (${signal ?? code}) and is started again`)
    setTimeout(() => stopping || run(program, server), RESTART_MS)
  })
}

function stop(signal: NodeJS.Signals, exitCode = 0): void {
  if (stopping) return
  stopping = true
  process.exitCode = exitCode
  for (const child of children.values()) child.kill(signal)
}
