import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import BetterSqlite3 from 'better-sqlite3'
import { BenchClient } from '../client.js'
import { prepared } from '../prepared.js'
import { HERE, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { multipartLoad } from '../unique-bodies.js'
import { type Load, responsesPerSecond } from '../wrk.js'

const execute = promisify(execFile)
const ARGON2 = join(import.meta.dirname, '..', 'peers', 'argon2.js')

/** The number of concurrent logins that one account may attempt. */
const CONNECTIONS = 4
const UPLOADING = 16

export const logins: Row = {
  name: 'logins',
  title: 'logins',
  figures: {
    logins: {
      title: 'alone',
      unit: 'logins/s',
      better: 'more',
      targets: [{ peer: 'argon2', ratio: 0.9 }],
    },
    beside: { title: 'beside uploads', unit: 'logins/s', better: 'more', targets: [] },
    uploads: { title: 'uploads of 4 KiB alone', unit: 'files/s', better: 'more', targets: [] },
    kept: {
      title: 'share of that rate that uploads keep beside logins',
      unit: '',
      better: 'more',
      targets: [{ atLeast: 0.8 }],
    },
  },
  rounds: 5,
  prepare: () =>
    prepared(async (own) => {
      const sphere = own(await BenchSphere.alone())
      const origin = sphere.url('eu')
      const client = await BenchClient.register(origin)
      const uploading = () => responsesPerSecond(multipartLoad(origin, client.cookie, UPLOADING))
      const loggingIn = () => responsesPerSecond(loginLoad(origin, client))
      const hash = storedHash(sphere.dataDir('eu'), client.username)
      return [
        {
          name: HERE,
          async measure() {
            const logins = await loggingIn()
            const uploads = await uploading()
            const [beside, uploadsDuringLogins] = await Promise.all([loggingIn(), uploading()])
            return { logins, beside, uploads, kept: uploadsDuringLogins / uploads }
          },
          peakMegabytes: () => sphere.peakMegabytes(),
        },
        {
          name: 'argon2',
          async measure() {
            const { stdout } = await execute(process.execPath, [ARGON2, hash, client.password])
            return { logins: Number(stdout) }
          },
        },
      ]
    }),
}

function loginLoad(origin: string, { username, password }: BenchClient): Load {
  const body = JSON.stringify({ identifier: username, password })
  const script = `wrk.method = 'POST'\nwrk.body = ${JSON.stringify(body)}`
  const headers = { 'Content-Type': 'application/json' }
  return { url: `${origin}/login`, connections: CONNECTIONS, headers, script }
}

/** The stored Argon2 hash of an account, so that the peer verifies the same parameters. */
function storedHash(dataDir: string, username: string): string {
  const db = new BetterSqlite3(join(dataDir, 'regional.db'), { readonly: true })
  try {
    return String(db.prepare('SELECT password_hash FROM users WHERE username = ?').pluck().get(username))
  } finally {
    db.close()
  }
}
