import t from 'tap'
import { createLogger } from '../../src/observability/logger.js'
import { rawConnection } from '../contract/raw-http.js'
import { openNginx, skipWithoutNginx } from '../support/nginx.js'
import { openTestRegional } from '../support/test-regional.js'

t.test(
  'conditional requests work with the weak ETags of a compressing proxy',
  { skip: skipWithoutNginx },
  async (t) => {
    const regional = await openTestRegional(t)
    const alice = await regional.person('alice')
    const compressing = await openNginx(
      t,
      regional.url,
      'gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;',
    )
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(compressing + path, {
        ...init,
        headers: {
          cookie: `syncsphere_session=${alice.session}`,
          'accept-encoding': 'gzip',
          ...init.headers,
        },
      })
    const file = await alice.put('a'.repeat(5000), { mediaType: 'text/plain' })
    const seen = await ask(`/files/${file.id}`)
    const tag = String(seen.headers.get('etag'))
    t.match(tag, /^W\//, 'nginx makes the tag weak')
    t.equal((await ask(`/files/${file.id}`, { headers: { 'if-none-match': tag } })).status, 304)
    const change = (name: string) =>
      ask(`/files/${file.id}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json', 'if-match': tag },
        body: JSON.stringify({ name }),
      })
    t.equal((await change('renamed')).status, 200)
    t.equal((await change('again')).status, 412, 'the tag does not match after a change')

    const bytes = await ask(`/download/${file.id}`)
    const weak = String(bytes.headers.get('etag'))
    t.match(bytes.headers.get('cache-control'), /no-transform/)
    t.equal((await ask(`/download/${file.id}`, { headers: { 'if-none-match': weak } })).status, 304)
    const part = await ask(`/download/${file.id}`, { headers: { range: 'bytes=10-19', 'if-range': 'W/"x"' } })
    t.equal(part.status, 200, 'nginx ignores Range for compressed content')
  },
)

t.test('an ETag with the coding that Apache appends matches', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const file = await alice.put('x')
  const { headers } = await alice.get(`/files/${file.id}`)
  const tag = String(headers['etag']).replace(/"$/, '-gzip"')
  const patch = (ifMatch: string, name: string) =>
    alice.ask('PATCH', `/files/${file.id}`, { json: { name }, headers: { 'if-match': ifMatch } })
  t.equal((await alice.ask('GET', `/files/${file.id}`, { headers: { 'if-none-match': tag } })).status, 304)
  t.equal((await patch('"m-other-gzip"', 'y')).status, 412)
  t.equal((await patch(tag, 'y')).status, 200)
})

t.test('Last-Modified is never later than Date', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const file = await alice.put('x')
  regional.execute('update files set created_at = ?', new Date(Date.now() + 86_400_000).toISOString())
  const { headers } = await alice.get(`/download/${file.id}`)
  t.ok(Date.parse(String(headers['last-modified'])) <= Date.parse(String(headers['date'])))
})

/** X-Forwarded-For in the variants of nginx and other proxies. */
const FORWARDING = 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;'
const WITH_PORT = 'proxy_set_header X-Forwarded-For $remote_addr:$remote_port;'

async function logIn(url: string, headers: Record<string, string>, identifier = 'alice'): Promise<string> {
  const response = await fetch(`${url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ identifier, password: 'not this one' }),
  })
  const { type } = (await response.json()) as { type: string }
  return `${response.status} ${type.split(':').at(-1)}`
}

t.test('ports in X-Forwarded-For do not count as part of the address', async (t) => {
  const regional = await openTestRegional(t, { trustProxy: 2 })
  const forms = (address: string, port: number) => [
    address,
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    address.includes(':') ? `"[${address}]:${port}"` : `"${address}:${port}"`,
  ]
  for (const address of ['203.0.113.7', '2001:db8::7']) {
    const from = (index: number, other = address) => ({
      'x-forwarded-for': `${forms(other, 40_000 + index)[index % 3]}, 10.0.0.2:${50_000 + index}`,
    })
    for (let attempt = 0; attempt < 5; attempt += 1)
      t.equal(await logIn(regional.url, from(attempt)), '401 invalid-credentials', `${attempt}`)
    for (let attempt = 5; attempt < 8; attempt += 1)
      t.equal(
        await logIn(regional.url, from(attempt)),
        '429 too-many-attempts',
        'all ports count as one address',
      )
    const other = from(9, address.replace('7', '8').replace('db8', 'db9'))
    t.equal(await logIn(regional.url, other), '401 invalid-credentials', 'another address is not throttled')
  }
})

t.test(
  'clients behind an nginx that forwards ports are throttled separately',
  { skip: skipWithoutNginx },
  async (t) => {
    const regional = await openTestRegional(t, { trustProxy: 1 })
    const proxy = await openNginx(t, regional.url, WITH_PORT)
    for (let attempt = 0; attempt < 5; attempt += 1)
      t.equal(await logIn(proxy, {}), '401 invalid-credentials')
    t.equal(
      await logIn(proxy, { connection: 'close' }),
      '429 too-many-attempts',
      'a new connection with another port counts as the same client',
    )
    t.equal(await logIn(regional.url, { 'x-forwarded-for': '198.51.100.9:1' }), '401 invalid-credentials')
  },
)

t.test(
  'behind an untrusted proxy the server warns once, and wrong passwords do not lock out other users',
  { skip: skipWithoutNginx },
  async (t) => {
    const lines: string[] = []
    const stream = { write: (line: string) => void lines.push(line) }
    const logger = createLogger({ level: 'warn', server: 'eu', stream })
    const regional = await openTestRegional(t, { rateLimits: true }, { logger })
    const alice = await regional.person('alice')
    const proxy = await openNginx(t, regional.url, FORWARDING)
    for (let guess = 0; guess < 60; guess += 1)
      t.equal(await logIn(proxy, {}, `somebody${guess}`), '401 invalid-credentials')
    const login = await fetch(`${proxy}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ identifier: 'alice', password: alice.password }),
    })
    t.equal(login.status, 200, 'the account works after more wrong passwords than an address may send')
    for (let guess = 0; guess < 5; guess += 1) t.equal(await logIn(proxy, {}), '401 invalid-credentials')
    t.equal(
      await logIn(proxy, { 'x-forwarded-for': '203.0.113.1' }),
      '429 too-many-attempts',
      'wrong passwords for one account are throttled',
    )
    const warnings = lines.filter((line) => line.includes('SYNCSPHERE_TRUST_PROXY'))
    t.equal(warnings.length, 1, 'the warning appears once')
    t.match(warnings[0], '127.0.0.1')
  },
)

t.test('behind a trusted proxy the server warns only of cookies that lack Secure', async (t) => {
  const lines: string[] = []
  const stream = { write: (line: string) => void lines.push(line) }
  const logger = createLogger({ level: 'warn', server: 'eu', stream })
  const regional = await openTestRegional(t, { trustProxy: 1 }, { logger })
  const ask = (headers: Record<string, string>) => fetch(`${regional.url}/health`, { headers })
  // A client on the proxy's machine.
  await ask({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' })
  t.same(lines, [])
  for (let i = 0; i < 3; i += 1) await ask({ 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' })
  t.equal(lines.length, 1)
  t.match(lines[0], 'SYNCSPHERE_PUBLIC_ORIGIN')
})

t.test('a login over plain HTTP is refused if the public origin is HTTPS', async (t) => {
  const regional = await openTestRegional(t, { publicOrigin: 'https://files.example.org' })
  for (const headers of [{}, { origin: regional.url }, { 'x-forwarded-proto': 'http' }] as Record<
    string,
    string
  >[])
    t.equal(await logIn(regional.url, headers), '403 https-required', JSON.stringify(headers))
  for (const headers of [{ 'x-forwarded-proto': 'https' }, { origin: 'https://files.example.org' }] as Record<
    string,
    string
  >[])
    t.equal(await logIn(regional.url, headers), '401 invalid-credentials', JSON.stringify(headers))
  using named = await rawConnection(regional.url)
  const body = '{"identifier":"alice","password":"x"}'
  named.send(
    `POST /login HTTP/1.1\r\nHost: files.example.org\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  t.match(await named.until(/\}$/), /^HTTP\/1.1 401 /, 'a matching Host is enough without X-Forwarded-Proto')
})
