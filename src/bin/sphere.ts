#!/usr/bin/env node
import { Sphere } from '../app/sphere.js'
import { ensureCertificates } from '../certs/folder.js'
import {
  ConfigError,
  describeProgram,
  KNOWN_VARIABLES,
  OF_EACH_SERVER,
  readSphereConfig,
  type SphereConfig,
} from '../config/config.js'
import { PREFIX } from '../config/environment.js'
import { prefixedAlone } from '../config/misspelled.js'
import { readFlags } from './arguments.js'

const HELP = `Runs a whole sphere on this machine: a grand server and three regionals, each a process that is restarted when it exits.
Environment variables configure it; those of the servers apply to all of them (see syncsphere-regional --help).

${describeProgram('sphere')}

  --version   the version
  --help      this text`

/** Interval of the check whether the parent still runs. */
const PARENT_CHECK_MS = 500

readFlags('syncsphere-sphere', HELP)
// Shells set short names too (HOST, NAME), and they would apply to every server here.
const { env, short } = prefixedAlone(process.env, KNOWN_VARIABLES)
if (short.length > 0) console.error(`ignored: ${short.join(', ')}; use the names that begin with ${PREFIX}`)

const foreign = OF_EACH_SERVER.map((name) => `${PREFIX}${name}`).filter((name) => env[name])
if (foreign.length > 0 && !env[`${PREFIX}PORT`]?.startsWith('tcp:'))
  console.error(`ignored: ${foreign.join(', ')}; see --help for the variables of a sphere`)

try {
  const config = readSphereConfig(env)
  await ensureCertificates(config.certsDir, {
    names: config.servers.map(({ name }) => name),
    now: new Date(),
  })
  run(config)
} catch (error) {
  fail(error instanceof ConfigError ? error.faults : [(error as Error).message])
}

function run(config: SphereConfig): void {
  const sphere = new Sphere(config, {
    env,
    programs: import.meta.dirname,
    onUp: (urls) => console.log(`The sphere is up: ${urls.get('eu')}/docs shows its API. Ctrl-C ends it.`),
    onRestart: (line) => console.error(line),
    onFault: fail,
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => sphere.stop())
  // npm forwards every signal except SIGKILL.
  if (env['STARTED_BY'] !== undefined) whenOrphaned(Number(env['STARTED_BY']), () => sphere.stop())
  sphere.start()
}

function fail(faults: readonly string[]): void {
  for (const fault of faults) console.error(fault)
  process.exitCode = 1
}

/** @param parent id of npm's process, which may have exited before this one started */
function whenOrphaned(parent: number, run: () => void): void {
  setInterval(() => process.ppid === parent || run(), PARENT_CHECK_MS).unref()
}
