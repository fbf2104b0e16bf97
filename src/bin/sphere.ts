#!/usr/bin/env node
import { Sphere } from '../app/sphere.js'
import { ensureCertificates } from '../certs/folder.js'
import {
  ConfigError,
  describeProgram,
  KNOWN_VARIABLES,
  readSphereConfig,
  type SphereConfig,
} from '../config/config.js'
import { PREFIX } from '../config/environment.js'
import { prefixedAlone } from '../config/misspelled.js'
import { readFlags } from './arguments.js'

const HELP = `Runs a whole sphere on this machine: a grand server and three regionals, each a process of its own that is started
again when it ends. Configured by environment variables; those of the servers go to all of them (see syncsphere-regional
--help).

${describeProgram('sphere')}

  --version   the version
  --help      this text`

/** How often it is looked whether the parent is still there. */
const PARENT_MS = 500

readFlags('syncsphere-sphere', HELP)
// Short names are set by shells for reasons of their own (HOST, NAME), and would go to every server here.
const { env, short } = prefixedAlone(process.env, KNOWN_VARIABLES)
if (short.length > 0)
  console.error(`not read here: ${short.join(', ')}; the names that are begin with ${PREFIX}`)

// Each server here has its own.
const foreign = ['NAME', 'PORT', 'GRAND_URL'].map((name) => `${PREFIX}${name}`).filter((name) => env[name])
if (foreign.length > 0 && !env[`${PREFIX}PORT`]?.startsWith('tcp:'))
  console.error(`not read here: ${foreign.join(', ')}; see --help for what is`)

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
  // npm passes on every signal but the one that it cannot catch.
  if (env['STARTED_BY'] !== undefined) whenOrphaned(Number(env['STARTED_BY']), () => sphere.stop())
  sphere.start()
}

function fail(faults: readonly string[]): void {
  for (const fault of faults) console.error(fault)
  process.exitCode = 1
}

/** @param parent npm's process: it may have ended before this one began */
function whenOrphaned(parent: number, then: () => void): void {
  setInterval(() => process.ppid === parent || then(), PARENT_MS).unref()
}
