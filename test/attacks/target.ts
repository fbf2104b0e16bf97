import type { Test } from 'tap'
import { newDataDir } from '../support/data-dir.js'
import { faultsOfDataDir } from '../support/invariants/regional-dir.js'
import type { Person } from '../support/person.js'
import { type ServerProcess, startServer } from '../support/server-process.js'
import { OPERATOR_TOKEN } from '../support/test-regional.js'

export interface Target {
  server: ServerProcess
  dana: Person
  /** Stops the server. Returns the faults of its exit, log and data directory. */
  faults(): Promise<string[]>
}

/** A server in its own process, with one user. */
export async function openTarget(t: Test, env: Record<string, string> = {}): Promise<Target> {
  const DATA_DIR = await newDataDir(t)
  const server = await startServer(t, { DATA_DIR, OPERATOR_TOKEN, LOG_LEVEL: 'error', ...env }).serves()
  const dana = server.person('dana')
  t.teardown(() => dana.close())
  await dana.register()
  await dana.logIn()
  async function faults(): Promise<string[]> {
    server.signal('SIGTERM')
    const code = await server.end()
    const logged = server.errors.split('\n').filter((line) => /"level":"(error|fatal)"/.test(line))
    return [...(code === 0 ? [] : [`it ended with ${code}`]), ...logged, ...(await faultsOfDataDir(DATA_DIR))]
  }
  return { server, dana, faults }
}
