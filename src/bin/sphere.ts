#!/usr/bin/env node
/** Runs a whole sphere on one machine, each server a process of its own that is started again when it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureCertificates } from '../certs/folder.js'
import { KNOWN_VARIABLES } from '../config.js'
import { PREFIX } from '../environment.js'
import { prefixedAlone } from '../misspelt.js'

const GRAND = { name: 'grand', port: 9000 }
const REGIONALS = [
  { name: 'eu', port: 5001 },
  { name: 'us', port: 5002 },
  { name: 'ap', port: 5003 },
]
const RESTART_MS = 1000

// Short names are set by shells for reasons of their own (HOST, NAME), and would go to every server here.
const { env, short } = prefixedAlone(process.env, KNOWN_VARIABLES)
if (short.length > 0)
  console.error(`not read here: ${short.join(', ')}; the names that are begin with ${PREFIX}`)
const dataDir = env.SYNCSPHERE_DATA_DIR || 'data'
const certsDir = env.SYNCSPHERE_CERTS_DIR || 'certs/dev'
const logLevel = env.SYNCSPHERE_LOG_LEVEL || 'warn'
const children = new Map<string, ChildProcess>()
let stopping = false

const names = [GRAND, ...REGIONALS].map(({ name }) => name)
await ensureCertificates(certsDir, { names, now: new Date() })
run('grand', GRAND)
for (const regional of REGIONALS)
  run('regional', { ...regional, grandUrl: `https://127.0.0.1:${GRAND.port}` })
console.log(
  `a sphere of ${names.join(', ')}; the API to try is at http://127.0.0.1:${REGIONALS[0]?.port}/docs`,
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal))

function run(program: 'grand' | 'regional', server: { name: string; port: number; grandUrl?: string }): void {
  const { name, port, grandUrl } = server
  const own = {
    // Arenas of the C library keep what password hashing takes, 19 MiB each.
    MALLOC_ARENA_MAX: '1',
    ...env,
    SYNCSPHERE_CERTS_DIR: certsDir,
    SYNCSPHERE_LOG_LEVEL: logLevel,
    SYNCSPHERE_NAME: name,
    SYNCSPHERE_PORT: String(port),
    SYNCSPHERE_DATA_DIR: join(dataDir, name),
    // The grand stays where its regionals look for it.
    ...(grandUrl === undefined ? { SYNCSPHERE_HOST: '127.0.0.1' } : { SYNCSPHERE_GRAND_URL: grandUrl }),
  }
  const path = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
  const child = spawn(process.execPath, [path], { env: own, stdio: 'inherit' })
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
