import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { networkOf } from '../../src/http/guards/client-address.js'
import { RateLimiter } from '../../src/http/guards/rate-limiter.js'
import { sessionCookie } from '../../src/http/guards/session-cookie.js'
import { rawConnection } from '../contract/raw-http.js'
import { buildSmall, OPERATOR_TOKEN } from '../contract/small-contract.js'

async function serve(t: Test, ...small: Parameters<typeof buildSmall>): Promise<FastifyInstance> {
  const app = await buildSmall(...small)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  return app
}

const BEARER = { authorization: 'Bearer writer' }
const basic = (username: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
})
const COOKIE = { cookie: 'syncsphere_session=alive' }

async function problem(response: Response): Promise<string> {
  const body = (await response.json()) as { type: string; status: number; request_id: string }
  const slug = body.type.replace('urn:problem-type:syncsphere:', '')
  const isWhole =
    response.headers.get('content-type') === 'application/problem+json' &&
    body.status === response.status &&
    body.request_id === response.headers.get('x-request-id')
  return `${response.status} ${slug}${isWhole ? '' : ' (incomplete problem)'}`
}

t.test('every response has its request id and the security headers', async (t) => {
  const app = await serve(t)
  for (const path of ['/notes/n1', '/notes', '/nothing', '/%zz', '/openapi.json', '/docs/']) {
    const { headers } = await fetch(app.listeningOrigin + path, { headers: { 'x-request-id': 'mine' } })
    t.match(headers.get('x-request-id'), /^[0-9a-f]{8}-[0-9a-f]{4}-7/, path)
    t.equal(headers.get('x-content-type-options'), 'nosniff')
    t.equal(headers.get('cache-control'), 'no-store')
    t.match(
      headers.get('content-security-policy'),
      /default-src 'none'.*base-uri 'none'.*frame-ancestors 'none'/,
    )
    t.equal(headers.get('strict-transport-security'), null)
  }
})

t.test('a Bearer token counts before a session, and a session before Basic', async (t) => {
  const app = await serve(t)
  const cases: [string, string, Record<string, string>, string][] = [
    ['GET', '/notes', {}, '401 unauthenticated'],
    ['GET', '/notes', { authorization: 'Bearer nobody' }, '401 unauthenticated'],
    ['GET', '/notes', { authorization: 'Basic d3JpdGVyOng=' }, '401 unauthenticated'],
    ['GET', '/notes', { authorization: 'Basic d3JpdGVyOng=', ...COOKIE }, '200'],
    ['GET', '/notes', { authorization: 'Negotiate YII=', ...COOKIE }, '200'],
    ['GET', '/notes', basic('dana', 'reader'), '200'],
    ['GET', '/notes', basic('noam', 'reader'), '401 unauthenticated'],
    ['GET', '/notes', basic('dana', 'correct horse battery'), '401 unauthenticated'],
    ['GET', '/notes', { authorization: 'Basic' }, '401 unauthenticated'],
    ['GET', '/notes', { authorization: 'Basic ZGFuYQ==' }, '401 unauthenticated'],
    ['GET', '/notes', { ...basic('dana', 'reader'), cookie: 'syncsphere_session=dead' }, '200'],
    ['POST', '/notes', basic('dana', 'reader'), '403 insufficient-scope'],
    ['DELETE', '/notes/n1', basic('dana', 'writer'), '403 session-required'],
    ['DELETE', '/notes/n1', { ...basic('dana', 'reader'), ...COOKIE }, '204'],
    ['GET', '/notes/n1', basic('dana', 'nothing'), '200'],
    ['GET', '/metrics', basic('dana', OPERATOR_TOKEN), '401 unauthenticated'],
    ['GET', '/notes/n1', { authorization: 'Basic d3JpdGVyOng=' }, '200'],
    ['GET', '/notes', { authorization: 'Bearer' }, '401 unauthenticated'],
    ['GET', '/notes', { authorization: 'Bearer nobody', ...COOKIE }, '401 unauthenticated'],
    ['GET', '/notes', { cookie: 'syncsphere_session=dead' }, '401 unauthenticated'],
    ['GET', '/notes', { authorization: 'Bearer reader' }, '200'],
    ['GET', '/notes', COOKIE, '200'],
    ['GET', '/notes', { authorization: 'bearer reader' }, '200'],
    ['POST', '/notes', { authorization: 'Bearer reader' }, '403 insufficient-scope'],
    ['DELETE', '/notes/n1', BEARER, '403 session-required'],
    ['DELETE', '/notes/n1', COOKIE, '204'],
    ['GET', '/notes/n1', {}, '200'],
    ['GET', '/notes/n1', { cookie: 'syncsphere_session=dead' }, '200'],
    ['GET', '/notes/n1', { authorization: 'Bearer nobody' }, '401 unauthenticated'],
    ['GET', '/metrics', {}, '401 unauthenticated'],
    ['GET', '/metrics', BEARER, '401 unauthenticated'],
    ['GET', '/metrics', { authorization: `Bearer ${OPERATOR_TOKEN}` }, '200'],
    ['GET', '/notes', { authorization: `Bearer ${OPERATOR_TOKEN}` }, '401 unauthenticated'],
  ]
  for (const [method, path, headers, expected] of cases) {
    const response = await fetch(app.listeningOrigin + path, { method, headers })
    const seen = response.ok ? String(response.status) : await problem(response)
    t.equal(seen, expected, `${method} ${path} ${JSON.stringify(headers)}`)
    t.equal(response.headers.get('www-authenticate'), response.status === 401 ? 'Bearer' : null)
  }
  const credentials = { sessions: () => undefined, tokens: () => undefined }
  const without = await serve(t, {}, { credentials })
  t.equal(
    await problem(await fetch(`${without.listeningOrigin}/metrics`)),
    '404 not-found',
    'without an operator token there are no metrics',
  )
})

/** The contract has no such path, since a path parameter needs a value. An unknown path is 404 without authentication. */
t.test('a path with an empty parameter is 404 for every caller, even with an invalid token', async (t) => {
  const app = await serve(t)
  for (const headers of [{}, BEARER, { authorization: 'Bearer nobody' }, COOKIE]) {
    for (const [method, path] of [
      ['GET', '/notes/'],
      ['DELETE', '/notes/'],
      ['POST', '/notes/'],
    ] as const) {
      const response = await fetch(app.listeningOrigin + path, { method, headers })
      t.equal(await problem(response), '404 not-found', `${method} ${path} ${JSON.stringify(headers)}`)
    }
  }
})

t.test('a cross-site request is refused unless it is safe or has a Bearer token', async (t) => {
  const app = await serve(t)
  const own = app.listeningOrigin
  const body = { method: 'POST', path: '/login', extra: { 'content-type': 'application/json' } }
  const cases: [string, string, Record<string, string>, number][] = [
    ['DELETE', '/notes/n1', { ...COOKIE, origin: 'https://evil.example' }, 403],
    ['DELETE', '/notes/n1', { ...COOKIE, origin: 'null' }, 403],
    ['DELETE', '/notes/n1', { ...COOKIE, origin: `${own}.evil.example` }, 403],
    ['DELETE', '/notes/n1', { ...COOKIE, 'sec-fetch-site': 'cross-site' }, 403],
    ['DELETE', '/notes/n1', { ...COOKIE, origin: own, 'sec-fetch-site': 'same-origin' }, 204],
    ['DELETE', '/notes/n1', { ...COOKIE, origin: 'https://public.example' }, 204],
    ['GET', '/notes', { ...COOKIE, origin: 'https://evil.example' }, 200],
    ['POST', '/notes', { ...BEARER, origin: 'https://evil.example', ...body.extra }, 201],
    ['POST', '/notes', { ...basic('dana', 'writer'), origin: 'https://evil.example', ...body.extra }, 403],
    ['POST', '/notes', { ...basic('dana', 'writer'), ...body.extra }, 201],
    ['POST', '/login', { origin: 'https://evil.example', ...body.extra }, 403],
    ['POST', '/login', { origin: own, ...body.extra }, 204],
  ]
  const guarded = await serve(t, {}, { publicOrigin: 'https://public.example' })
  for (const [method, path, headers, status] of cases) {
    const server = headers['origin'] === 'https://public.example' ? guarded : app
    const name = server === guarded ? '__Host-syncsphere_session' : 'syncsphere_session'
    const sent = headers['cookie'] ? { ...headers, cookie: `${name}=alive` } : headers
    const text = path === '/notes' ? '{"text":"x"}' : '{}'
    const response = await fetch(server.listeningOrigin + path, {
      method,
      headers: sent,
      ...(method === 'POST' && { body: text }),
    })
    t.equal(response.status, status, `${method} ${path} ${JSON.stringify(headers)}`)
    if (status === 403) t.equal(await problem(response), '403 cross-origin')
  }
})

t.test('errors of the static files of /docs are problem documents', async (t) => {
  const app = await serve(t)
  const cases: [string, Record<string, string>, string][] = [
    ['nothing.js', {}, '404 not-found'],
    ['%00', {}, '404 not-found'],
    ['/etc/passwd', {}, '404 not-found'],
    ['logo.svg', { range: 'bytes=1000000-' }, '416 range-not-satisfiable'],
    ['logo.svg', { 'if-match': '"other"' }, '412 precondition-failed'],
    ['logo.svg', { 'if-unmodified-since': new Date(0).toUTCString() }, '412 precondition-failed'],
  ]
  for (const [name, headers, expected] of cases) {
    const response = await fetch(`${app.listeningOrigin}/docs/static/${name}`, { headers })
    t.equal(await problem(response), expected, `${name} ${JSON.stringify(headers)}`)
  }
})

t.test('unknown paths, methods and media types get 404, 405 and 415', async (t) => {
  const app = await serve(t)
  const json = { ...BEARER, 'content-type': 'application/json' }
  const cases: [string, string, Record<string, string>, string | undefined, string][] = [
    ['GET', '/nothing', {}, undefined, '404 not-found'],
    ['POST', '/nothing', json, '{', '404 not-found'],
    ['PUT', '/notes', json, '{}', '405 method-not-allowed'],
    ['OPTIONS', '/notes', {}, undefined, '405 method-not-allowed'],
    ['PROPFIND', '/notes/n1', {}, undefined, '405 method-not-allowed'],
    ['POST', '/openapi.yaml', {}, undefined, '405 method-not-allowed'],
    ['POST', '/notes', { ...BEARER, 'content-type': 'text/plain' }, '{}', '415 unsupported-media-type'],
    [
      'POST',
      '/notes',
      { ...BEARER, 'content-type': 'application/json5' },
      '{}',
      '415 unsupported-media-type',
    ],
    ['POST', '/notes', { ...BEARER, 'content-type': 'nonsense' }, '{}', '415 unsupported-media-type'],
    ['POST', '/notes', { ...json, 'content-encoding': 'gzip' }, '{}', '415 unsupported-media-type'],
    ['POST', '/upload', json, '{}', '415 unsupported-media-type'],
    [
      'DELETE',
      '/notes/n1',
      { ...COOKIE, 'content-type': 'application/json' },
      '{}',
      '415 unsupported-media-type',
    ],
    ['POST', '/notes', json, '{"text":', '400 malformed-json'],
    ['POST', '/notes', json, '{"text":"\\ud800"}', '400 malformed-json'],
    ['POST', '/notes', json, '{"__proto__":{}}', '400 malformed-json'],
    ['POST', '/notes', json, '', '400 malformed-json'],
    ['POST', '/notes', BEARER, undefined, '400 validation-failed'],
    ['POST', '/notes', json, `{"text":"${'x'.repeat(70_000)}"}`, '413 body-too-large'],
  ]
  for (const [method, path, headers, body, expected] of cases) {
    const response = await fetch(app.listeningOrigin + path, {
      method,
      headers,
      ...(body !== undefined && { body }),
    })
    t.equal(await problem(response), expected, `${method} ${path} ${body?.slice(0, 20)}`)
    if (response.status === 405) {
      const allow = {
        '/notes': 'GET, HEAD, POST',
        '/notes/n1': 'DELETE, GET, HEAD',
        '/openapi.yaml': 'GET, HEAD',
      }[path]
      t.equal(response.headers.get('allow'), allow)
    }
  }
  const escaped = { ...BEARER, 'content-type': 'application/json; charset=utf-8' }
  for (const text of ['{"text":"\\ud83d\\ude00"}', '{"text":"\\\\ud800"}']) {
    const response = await fetch(`${app.listeningOrigin}/notes`, {
      method: 'POST',
      headers: escaped,
      body: text,
    })
    t.equal(response.status, 201, text)
  }
})

t.test('malformed HTTP gets a problem document on the bare socket', async (t) => {
  const app = await serve(t, {}, { limits: { headersMs: 300 } })
  const cases: [string, string | Buffer, RegExp][] = [
    [
      'a header too large',
      `GET /notes HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`,
      /^HTTP\/1.1 431 .*request-header-too-large/s,
    ],
    ['garbage', 'garbage\r\n\r\n', /^HTTP\/1.1 400 .*validation-failed/s],
    ['an unknown method', 'BREW /notes HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1.1 400 .*validation-failed/s],
    ['NUL in the path', 'GET /no\0tes HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1.1 400 .*validation-failed/s],
    [
      'two lengths',
      'POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      /^HTTP\/1.1 400 /,
    ],
    [
      'length and chunks',
      'POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      /^HTTP\/1.1 400 /,
    ],
    [
      'no Host',
      'GET /notes HTTP/1.1\r\nConnection: close\r\n\r\n',
      /^HTTP\/1.1 400 .*header\/host is required/s,
    ],
    [
      'a request line without a version',
      'GET /notes\r\nHost: x\r\n\r\n',
      /^HTTP\/1.1 400 .*validation-failed/s,
    ],
    ['CONNECT', 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n', /^HTTP\/1.1 400 /],
    ['headers that never end', 'GET /notes HTTP/1.1\r\nHost: x\r\n', /^HTTP\/1.1 408 .*request-timeout/s],
    ['a TLS hello', Buffer.from('16030100ff010000fb0303', 'hex'), /^HTTP\/1.1 400 /],
  ]
  for (const [name, text, expected] of cases) {
    using connection = await rawConnection(app.listeningOrigin)
    connection.send(text)
    const received = await connection.rest()
    t.match(received, expected, name)
    t.match(received, /x-request-id: [0-9a-f]{8}-/i, name)
    t.match(received, /content-type: application\/problem\+json/i, name)
    t.equal(received.split('HTTP/1.1 ').length, 2, 'there is one response')
  }
})

t.test('a request with Upgrade is the last one on its connection', async (t) => {
  const app = await serve(t)
  const ask = (name: string, header = '') => `GET /${name} HTTP/1.1\r\nHost: x\r\n${header}\r\n`
  using connection = await rawConnection(app.listeningOrigin)
  connection.send(ask('notes', 'Connection: Upgrade\r\nUpgrade: h2c\r\n') + ask('second'))
  const received = await connection.rest()
  t.equal(received.split('HTTP/1.1 ').length, 2, 'the pipelined request gets no response')
  t.match(received, /^connection: close\r$/im)
})

t.test('an idle connection closes without a response', async (t) => {
  const app = await serve(t, {}, { limits: { headersMs: 300 } })
  using silent = await rawConnection(app.listeningOrigin)
  t.equal(await silent.rest(), '')
})

t.test('unusual request targets never cause a 5xx', async (t) => {
  const app = await serve(t)
  const paths = [
    '/notes?',
    '/notes?&&&',
    '/notes?%ff=%ff',
    '/notes?limit=%00',
    `/notes?${'a=1&'.repeat(3000)}`,
    '/notes/%00%00',
    '/notes/%ed%a0%80',
    '/notes/..%2f..%2fetc',
    '//',
    '/notes//',
    '/./notes',
    '*',
    '/notes#x',
    '/notes/n1?a[b]=c',
    'http://other.example/notes',
    '/notes;x=1',
  ]
  for (const path of paths) {
    using connection = await rawConnection(app.listeningOrigin)
    connection.send(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer writer\r\nConnection: close\r\n\r\n`,
    )
    t.match(await connection.rest(), /^HTTP\/1.1 (200|302|40[045]) /, path.slice(0, 40))
  }
})

t.test('requests above the rate limit get 429 with Retry-After', async (t) => {
  const app = await serve(t)
  const login = () =>
    fetch(`${app.listeningOrigin}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
  const first = await login()
  t.equal(first.headers.get('ratelimit-policy'), '"login";q=120;w=60')
  t.match(first.headers.get('ratelimit'), /^"login";r=119;t=(60|59)$/)
  for (let i = 1; i < 120; i++) await login()
  const refused = await login()
  t.equal(await problem(refused), '429 rate-limited')
  t.match(refused.headers.get('ratelimit'), /^"login";r=0;t=\d+$/)
  t.match(refused.headers.get('retry-after'), /^[1-9]\d*$/)
  const notes = await fetch(`${app.listeningOrigin}/notes`, { headers: BEARER })
  t.notOk(notes.headers.get('ratelimit'), 'an operation that declares no 429 is not limited')
  const unlimited = await serve(t, {}, { rateLimits: false })
  const free = await fetch(`${unlimited.listeningOrigin}/login`, { method: 'POST' })
  t.equal(free.headers.get('ratelimit'), null)
})

t.test('the sliding window allows no second burst at a window boundary, and expires', async (t) => {
  const limiter = new RateLimiter({ name: 'x', quota: 10, windowSeconds: 10 }, 0)
  const taken = (nowMs: number) => {
    let count = 0
    while (count < 50 && !limiter.take('a', nowMs).refused) count++
    return count
  }
  t.equal(taken(9_900), 10)
  t.equal(taken(10_100), 0)
  t.equal(limiter.take('b', 10_100).remaining, 9, 'other keys are not affected')
  t.equal(taken(15_000), 5)
  t.equal(taken(60_000), 10)
})

t.test('an IPv6 address counts as its /64', async (t) => {
  t.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  t.equal(networkOf('2001:DB8:1::6'), '2001:db8:1:0::/64')
  t.equal(networkOf('::1'), '0:0:0:0::/64')
  t.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64')
  t.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7')
  t.equal(networkOf('64:ff9b::192.0.2.7'), '64:ff9b:0:0::/64')
})

t.test('the session cookie has the attributes for HTTP and for HTTPS', async (t) => {
  await serve(t)
  const open = sessionCookie(false)
  t.equal(open.set('abc'), 'syncsphere_session=abc; Path=/; HttpOnly; SameSite=Lax')
  const secure = sessionCookie(true)
  t.equal(
    secure.set('abc', 604_800),
    '__Host-syncsphere_session=abc; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax',
  )
  t.equal(secure.clear(), '__Host-syncsphere_session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax')
  t.equal(secure.read('a=1; __Host-syncsphere_session=abc; b=2'), 'abc')
  t.equal(secure.read('syncsphere_session=abc'), undefined, 'a cookie that another host could set is ignored')
})

t.test('a starting or closing server responds with 503', async (t) => {
  let ready = false
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const getNote = async () => {
    await held
    return { status: 200, body: Buffer.from('late') }
  }
  const app = await buildSmall({ getNote }, { isReady: () => ready })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const starting = await fetch(`${app.listeningOrigin}/notes`, { headers: BEARER })
  t.equal(starting.headers.get('retry-after'), '5')
  t.equal(await problem(starting), '503 unavailable')
  ready = true
  const { listeningOrigin } = app
  using busy = await rawConnection(listeningOrigin)
  using stream = await rawConnection(listeningOrigin)
  busy.send('GET /notes/n1 HTTP/1.1\r\nHost: x\r\n\r\nGET /notes/n1 HTTP/1.1\r\nHost: x\r\n\r\n')
  stream.send('GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer reader\r\n\r\n')
  await stream.until(/text\/event-stream/)
  const closed = app.close()
  await stream.rest()
  busy.send('GET /notes/n1 HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise((resolve) => setTimeout(resolve, 50))
  release()
  await closed
  t.match(await busy.rest(), /200 OK.*late/s, 'a request in flight completes')
})
