import t, { type Test } from 'tap'
import type { ServerDeps } from '../../src/http/server.js'
import { rawConnection } from '../contract/raw-http.js'
import { buildSmall } from '../contract/small-contract.js'
import { bareRegional } from '../support/bare-regional.js'
import { davLike, MKCOL_QUOTA } from '../support/dav-like.js'
import { until } from '../support/until.js'

const PASSWORD = 'correct horse battery'
const BASIC_CHALLENGE = 'Basic realm="SyncSphere", charset="UTF-8"'

const basic = (username: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
})

/** A server with the plugin, and an account with a session and tokens. */
async function serve(t: Test, options: Partial<ServerDeps> = {}) {
  const { services, connection } = await bareRegional(t)
  const { accounts, sessions, tokens } = services
  const app = await buildSmall(
    {},
    {
      protocols: [davLike(services)],
      credentials: {
        sessions: (secret) => sessions.authenticate(secret),
        tokens: (secret, username) => tokens.authenticate(secret, username),
      },
      ...options,
    },
  )
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const { id } = await accounts.register({ username: 'dana', email: 'd@example.com', password: PASSWORD })
  const client = { address: '127.0.0.1', isShared: false, userAgent: '' }
  const { session } = await accounts.login({ identifier: 'dana', password: PASSWORD }, client)
  const secretOf = async (scope: 'read' | 'write') => (await tokens.create(id, { name: scope, scope })).token
  const [reader, writer] = [await secretOf('read'), await secretOf('write')]
  return {
    origin,
    reader,
    writer,
    cookie: { cookie: `syncsphere_session=${session.secret}` },
    ask: (method: string, path: string, headers: Record<string, string>, body?: string) =>
      fetch(origin + path, { method, headers, ...(body !== undefined && { body }) }),
    stored: () => connection.prepare('select name from files').pluck().all(),
    held: () => connection.prepare('select count(*) from blobs').pluck().get(),
  }
}

/** The status, and for a problem its slug; marks an incomplete problem document. */
async function outcomeOf(response: Response): Promise<string> {
  if (response.ok) return String(response.status)
  const body = (await response.json()) as { type: string; status: number; request_id: string }
  const isWhole =
    response.headers.get('content-type') === 'application/problem+json' &&
    body.status === response.status &&
    body.request_id === response.headers.get('x-request-id') &&
    response.headers.get('x-content-type-options') === 'nosniff'
  return `${response.status} ${body.type.split(':').at(-1)}${isWhole ? '' : ' (not a whole problem)'}`
}

const head = (method: string, path: string, headers: Record<string, string>) =>
  [
    `${method} ${path} HTTP/1.1`,
    'Host: x',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n')

t.test(
  "a plugin's routes accept session, Bearer and Basic, and only they challenge with Basic",
  async (t) => {
    const { ask, cookie, reader, writer } = await serve(t)
    const cases: [string, Record<string, string>, string][] = [
      ['PROPFIND', cookie, '207'],
      ['PROPFIND', { authorization: `Bearer ${reader}` }, '207'],
      ['PROPFIND', basic('dana', reader), '207'],
      ['PROPFIND', basic('Dana', writer), '207'],
      ['PROPFIND', { ...basic('proxy', 'secret'), ...cookie }, '207'],
      ['PROPFIND', { authorization: 'Negotiate YII=', ...cookie }, '207'],
      ['PROPFIND', {}, '401 unauthenticated'],
      ['PROPFIND', basic('dana', PASSWORD), '401 unauthenticated'],
      ['PROPFIND', basic('noam', reader), '401 unauthenticated'],
      ['MKCOL', basic('dana', reader), '403 insufficient-scope'],
      ['MKCOL', basic('dana', writer), '201'],
    ]
    for (const [method, headers, expected] of cases) {
      const response = await ask(method, '/dav/', headers)
      t.equal(await outcomeOf(response), expected, `${method} ${JSON.stringify(headers)}`)
      const challenge = response.headers.get('www-authenticate')
      t.equal(challenge, response.status === 401 ? BASIC_CHALLENGE : null)
    }
    const api = await ask('GET', '/notes', basic('dana', PASSWORD))
    t.equal(await outcomeOf(api), '401 unauthenticated')
    t.equal(api.headers.get('www-authenticate'), 'Bearer')
  },
)

t.test('a plugin stores a streamed body of any type, including an empty one', async (t) => {
  const { ask, writer, stored } = await serve(t)
  const put = (name: string, body: string, headers = {}) =>
    ask('PUT', `/dav/${name}`, { ...basic('dana', writer), ...headers }, body)
  const types = ['application/json', 'application/xml', 'text/plain', 'image/x']
  for (const type of types)
    t.equal((await put(`${type.length}`, '{"not', { 'content-type': type })).status, 201)
  t.equal((await put('empty', '')).status, 201)
  t.equal((await put('typed-and-empty', '', { 'content-type': 'application/json' })).status, 201)
  const names = [...types.map((type) => `${type.length}`), 'empty', 'typed-and-empty']
  t.same(stored(), names)
  const listed = await ask('PROPFIND', '/dav/', basic('dana', writer), '<all/>')
  t.equal(await outcomeOf(listed), '415 unsupported-media-type', 'fetch sends text/plain')
  const xml = { ...basic('dana', writer), 'content-type': 'application/xml; charset=utf-8' }
  const found = await ask('PROPFIND', '/dav/', xml, '<all/>')
  t.equal(await found.text(), `<names>${names.toSorted().join()}</names>`)
  const refused = await put(encodeURIComponent('a/b'), 'x')
  t.equal(refused.status, 400)
  t.match(await refused.json(), { errors: [{ path: 'path' }] }, 'the plugin locates the name in the path')
})

t.test('a cross-site request with a cookie or Basic credentials changes nothing in a plugin', async (t) => {
  const { ask, cookie, writer } = await serve(t)
  const foreign = [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]
  for (const from of foreign) {
    const put = (credentials: Record<string, string>) =>
      ask('PUT', '/dav/x', { ...credentials, ...from } as Record<string, string>, 'x')
    t.equal(await outcomeOf(await put(cookie)), '403 cross-origin')
    t.equal(
      await outcomeOf(await put(basic('dana', writer))),
      '403 cross-origin',
      'browsers remember Basic credentials',
    )
    t.equal(await outcomeOf(await put({ authorization: `Bearer ${writer}` })), '201')
  }
})

t.test("a plugin's routes have their own rate limit or the general one", async (t) => {
  const { ask, writer, cookie } = await serve(t)
  const mkcol = () => ask('MKCOL', '/dav/x', basic('dana', writer))
  for (let made = 0; made < MKCOL_QUOTA; made += 1) t.equal((await mkcol()).status, 201)
  const refused = await mkcol()
  t.equal(await outcomeOf(refused), '429 rate-limited')
  t.match(refused.headers.get('retry-after'), /^[1-9]\d*$/)
  t.match(refused.headers.get('ratelimit-policy'), `"mkcol";q=${MKCOL_QUOTA};w=60`)
  t.equal(
    (await ask('MKCOL', '/dav/x', cookie)).status,
    429,
    'the limit counts the account with any credential',
  )
  const other = await ask('PROPFIND', '/dav/', basic('dana', writer))
  t.match(other.headers.get('ratelimit'), /^"requests";r=599\d;t=\d+$/)
  const wrong = async () => (await ask('PROPFIND', '/dav/', basic('dana', PASSWORD))).headers.get('ratelimit')
  const left = (header: string | null) => Number(/r=(\d+)/.exec(header ?? '')?.[1])
  t.equal(left(await wrong()), left(await wrong()) + 1, 'requests with wrong credentials count')
})

t.test("a plugin's request is refused before its body is read", async (t) => {
  const { origin, reader, writer } = await serve(t)
  const large = { ...basic('dana', writer), 'Content-Length': '10737418240' }
  const cases: [string, Record<string, string>, RegExp][] = [
    ['PUT', { 'Content-Length': '10' }, /^HTTP\/1.1 401 .*unauthenticated/s],
    [
      'PUT',
      { ...basic('dana', PASSWORD), 'Transfer-Encoding': 'chunked' },
      /^HTTP\/1.1 401 .*unauthenticated/s,
    ],
    ['PUT', { ...basic('dana', reader), 'Content-Length': '10' }, /^HTTP\/1.1 403 .*insufficient-scope/s],
    ['PUT', large, /^HTTP\/1.1 413 .*file-too-large/s],
    ['PUT', { ...large, 'Content-Length': '5000' }, /^HTTP\/1.1 507 .*quota-exceeded/s],
    ['PUT', { ...large, 'Content-Encoding': 'gzip' }, /^HTTP\/1.1 415 .*unsupported-media-type/s],
    ['PROPFIND', { ...large, 'Content-Type': 'application/xml' }, /^HTTP\/1.1 413 .*body-too-large/s],
    ['PROPFIND', { ...large, 'Content-Type': 'text/html' }, /^HTTP\/1.1 415 .*unsupported-media-type/s],
    ['MKCOL', { ...basic('dana', writer), 'Content-Length': '10' }, /^HTTP\/1.1 415 .*not accept a body/s],
  ]
  for (const [method, headers, expected] of cases) {
    using connection = await rawConnection(origin)
    connection.send(head(method, '/dav/x', { ...headers, Expect: '100-continue' }))
    const response = await connection.rest()
    t.match(response, expected, 'no 100 Continue precedes the refusal')
    t.match(response, /\r\nconnection: close\r\n/i)
  }
  using wanted = await rawConnection(origin)
  wanted.send(
    head('PUT', '/dav/x', { ...basic('dana', writer), 'Content-Length': '5', Expect: '100-continue' }),
  )
  await wanted.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/)
  wanted.send('12345')
  await wanted.until(/201 Created/)
})

t.test('a chunked body above the limit is refused while it arrives, and leaves nothing', async (t) => {
  const { origin, writer, stored, held } = await serve(t)
  const chunked = { ...basic('dana', writer), 'Transfer-Encoding': 'chunked' }
  const cases: [string, Record<string, string>, RegExp][] = [
    ['PUT', chunked, /^HTTP\/1.1 (413 .*file-too-large|507 .*quota-exceeded)/s],
    ['PROPFIND', { ...chunked, 'Content-Type': 'application/xml' }, /^HTTP\/1.1 413 .*body-too-large/s],
  ]
  for (const [method, headers, expected] of cases) {
    using connection = await rawConnection(origin)
    connection.send(head(method, '/dav/x', headers))
    connection.send(`4e20\r\n${'x'.repeat(0x4e20)}\r\n`)
    t.match(await connection.rest(), expected, method)
  }
  t.same([stored(), held()], [[], 0])
})

t.test("a slow or truncated body of a plugin's request ends with an error and leaves nothing", async (t) => {
  const limits = { jsonBodyMs: 300, streamBytesPerSecond: 100, streamWindowMs: 300 }
  const { origin, writer, stored, held } = await serve(t, { limits })
  const sized = { ...basic('dana', writer), 'Content-Length': '500' }
  const slow = { PUT: {}, PROPFIND: { 'Content-Type': 'application/xml' } }
  for (const [method, type] of Object.entries(slow)) {
    using connection = await rawConnection(origin)
    connection.send(`${head(method, '/dav/x', { ...sized, ...type })}<`)
    t.match(await connection.rest(), /^HTTP\/1.1 408 .*request-timeout/s, method)
  }
  using broken = await rawConnection(origin)
  broken.send(`${head('PUT', '/dav/x', sized)}half`)
  broken.socket.end()
  await broken.rest()
  await until('all is released', () => held() === 0)
  t.same(stored(), [])
})

t.test("a plugin's routes serve HEAD and OPTIONS, and refuse undeclared methods with 405", async (t) => {
  const { ask, reader } = await serve(t)
  const headers = basic('dana', reader)
  const headed = await ask('HEAD', '/dav/', headers)
  t.equal(headed.status, 200)
  t.match(headed.headers.get('content-type'), 'text/plain')
  t.equal((await ask('HEAD', '/dav/', {})).headers.get('www-authenticate'), BASIC_CHALLENGE)
  const options = await ask('OPTIONS', '/dav/', {})
  t.equal(options.status, 204)
  t.equal(options.headers.get('dav'), '1')
  const patched = await ask('PATCH', '/dav/', headers)
  t.equal(await outcomeOf(patched), '405 method-not-allowed')
  t.equal(patched.headers.get('allow'), 'GET, HEAD, MKCOL, OPTIONS, PROPFIND, PUT')
  t.equal(await outcomeOf(await ask('PROPFIND', '/notes', headers)), '405 method-not-allowed')
})

t.test('a route without guards is open, accepts no body, and is rate-limited', async (t) => {
  const { ask } = await serve(t, {
    protocols: [async (app) => void app.post('/plain', ({ caller }) => caller)],
  })
  const plain = await ask('POST', '/plain', basic('dana', 'x'))
  t.match(plain.headers.get('ratelimit'), /^"requests"/)
  t.same(await plain.json(), { kind: 'anonymous' })
  t.equal(await outcomeOf(await ask('POST', '/plain', {}, 'x')), '415 unsupported-media-type')
  t.equal(
    await outcomeOf(await ask('POST', '/plain', { origin: 'https://evil.example' })),
    '403 cross-origin',
  )
})
