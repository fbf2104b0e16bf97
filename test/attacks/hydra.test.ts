import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Client } from '../support/client.js'
import { openTarget, type Target } from './target.js'
import { missing, run } from './tools.js'

const skip = missing('hydra')
const GUESSES = 120

t.setTimeout(100_000)

interface Form {
  port: number
  /** The statuses of the server's responses, in order. */
  statuses: number[]
}

/**
 * Hydra submits HTML forms, and gives up at a 401, which it takes for HTTP authentication. This proxy converts forms to
 * JSON and every response to status 200.
 */
async function openForm(t: Test, { server }: Target): Promise<Form> {
  const statuses: number[] = []
  const form = createServer(async (request, response) => {
    const filled = new URLSearchParams(Buffer.concat(await request.toArray()).toString())
    const received = await fetch(server.url + request.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(Object.fromEntries(filled)),
    })
    statuses.push(received.status)
    response.end(await received.text())
  }).listen(0, '127.0.0.1')
  t.teardown(() => form.close())
  await once(form, 'listening')
  return { port: (form.address() as AddressInfo).port, statuses }
}

/** Lets hydra try these passwords for dana. */
async function guess(t: Test, port: number, passwords: string[], parallel: number): Promise<string> {
  const list = join(t.testdir(), `passwords-${passwords.length}`)
  await writeFile(list, passwords.join('\n'))
  const form = '/login:identifier=^USER^&password=^PASS^:g=:S=expires_at'
  const args = [
    '-I',
    '-l',
    'dana',
    '-P',
    list,
    '-t',
    String(parallel),
    '-s',
    String(port),
    '127.0.0.1',
    'http-post-form',
    form,
  ]
  return (await run(t, 'hydra', args, 60_000)).output
}

t.test('hydra cannot guess the password of an account', { skip }, async (t) => {
  const target = await openTarget(t)
  const { server, dana, faults } = target
  const { port, statuses } = await openForm(t, target)
  const wrong = Array.from({ length: GUESSES }, (_, i) => `guess number ${i}`)
  const found = await guess(t, port, [wrong[0] as string, dana.password], 1)
  t.match(found, /password: correct horse battery/, 'hydra finds the password among two')

  // The successful login has reset the address's count.
  statuses.length = 0
  const output = await guess(t, port, [...wrong, dana.password], 4)
  t.match(output, /0 valid password/)
  t.ok(statuses.length > GUESSES, `${statuses.length} tries`)
  t.equal(statuses.filter((status) => status === 401).length, 5, 'five passwords were checked')
  t.equal(
    statuses.filter((status) => status === 429).length,
    statuses.length - 5,
    'all others were refused unchecked',
  )

  const login = { identifier: 'dana', password: dana.password }
  const here = new Client(() => server.url)
  const elsewhere = new Client(() => server.url, '127.0.0.2')
  t.teardown(() => Promise.all([here.close(), elsewhere.close()]))
  const refused = await here.post('/login', login)
  t.equal(refused.outcome, '429 too-many-attempts', 'the correct password is refused from that address')
  t.ok(Number(refused.headers['retry-after']) > 14 * 60)
  t.equal((await elsewhere.post('/login', login)).status, 200, 'dana can log in from another address')
  t.strictSame(await faults(), [])
})
