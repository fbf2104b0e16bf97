import t from 'tap'
import { openTestRegional } from '../support/test-regional.js'
import { exchange, type WireResponse } from '../support/wire.js'

t.setTimeout(100_000)

/** The request that an attacker wants to smuggle. */
const SMUGGLED = 'GET /health?smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
const JSON_BODY = '{"identifier":"nobody","password":"wrong password"}'
const LENGTH = `Content-Length: ${JSON_BODY.length}`
const CHUNKS = `${JSON_BODY.length.toString(16)}\r\n${JSON_BODY}\r\n0\r\n\r\n`
const END = '0\r\n\r\n'

const login = (fields: string[], body: string) =>
  `${['POST /login HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...fields].join('\r\n')}\r\n\r\n${body}`
const upload = (fields: string[], body: string) =>
  `${['POST /upload HTTP/1.1', 'Host: x', ...fields].join('\r\n')}\r\n\r\n${body}`
const chunked = (body: string) => login(['Transfer-Encoding: chunked'], body)

/** Requests that two chained servers could parse differently. Each gets one error response, and the connection closes. */
const REFUSED: Record<string, string> = {
  'a length and chunks': login([LENGTH, 'Transfer-Encoding: chunked'], END + SMUGGLED),
  'chunks and a length': login(['Transfer-Encoding: chunked', LENGTH], END + SMUGGLED),
  'a length of nothing and chunks': login(
    ['Content-Length: 0', 'Transfer-Encoding: chunked'],
    CHUNKS + SMUGGLED,
  ),
  'an odd coding': login(['Transfer-Encoding: xchunked'], END + SMUGGLED),
  'chunks that are not last': login(['Transfer-Encoding: chunked, identity'], END + SMUGGLED),
  'chunks in chunks': login(['Transfer-Encoding: chunked, chunked'], END + SMUGGLED),
  'quoted chunks': login(['Transfer-Encoding: "chunked"'], END + SMUGGLED),
  'compressed chunks': login(['Transfer-Encoding: gzip, chunked'], END + SMUGGLED),
  'two codings': login(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], END + SMUGGLED),
  'a vertical tab before chunked': login(['Transfer-Encoding:\x0bchunked'], END + SMUGGLED),
  'a NUL after chunked': login(['Transfer-Encoding: chunked\0'], END + SMUGGLED),
  'a space before the colon': login(['Transfer-Encoding : chunked', LENGTH], END + SMUGGLED),
  'a tab before the colon': login(['Transfer-Encoding\t: chunked', LENGTH], END + SMUGGLED),
  'a folded coding': login(['Transfer-Encoding:\r\n chunked', LENGTH], END + SMUGGLED),
  'a coding after a bare line feed': login(['X: y\nTransfer-Encoding: chunked', LENGTH], END + SMUGGLED),
  'a coding after a bare carriage return': login(
    ['X: y\rTransfer-Encoding: chunked', LENGTH],
    END + SMUGGLED,
  ),
  'two lengths': login([LENGTH, 'Content-Length: 3'], JSON_BODY + SMUGGLED),
  'the same length twice': login([LENGTH, LENGTH], JSON_BODY + SMUGGLED),
  'a list of lengths': login([`${LENGTH}, ${JSON_BODY.length}`], JSON_BODY + SMUGGLED),
  'a length with a sign': login(['Content-Length: +5'], JSON_BODY + SMUGGLED),
  'a negative length': login(['Content-Length: -1'], JSON_BODY + SMUGGLED),
  'a length in hex': login(['Content-Length: 0x33'], JSON_BODY + SMUGGLED),
  'a length with a space in it': login(['Content-Length: 5 1'], JSON_BODY + SMUGGLED),
  'a length of 2^64': login(['Content-Length: 18446744073709551616'], JSON_BODY + SMUGGLED),
  'no length at all': login(['Content-Length:'], JSON_BODY + SMUGGLED),
  'a chunk size with a sign': chunked(`+33\r\n${JSON_BODY}\r\n${END}${SMUGGLED}`),
  'a negative chunk size': chunked(`-1\r\n${JSON_BODY}\r\n${END}${SMUGGLED}`),
  'a chunk size of 0x33': chunked(`0x33\r\n${JSON_BODY}\r\n${END}${SMUGGLED}`),
  'a chunk size of 2^64': chunked(`10000000000000000\r\n${JSON_BODY}\r\n${END}${SMUGGLED}`),
  'a chunk that is longer than its size': chunked(`5\r\n${JSON_BODY}\r\n${END}${SMUGGLED}`),
  'a chunk size that ends in a bare line feed': chunked(`33\n${JSON_BODY}\r\n${END}${SMUGGLED}`),
  'a line feed in a chunk extension': chunked(`33;a\nb\r\n${JSON_BODY}\r\n${END}${SMUGGLED}`),
  'a length in trailers': chunked(`33\r\n${JSON_BODY}\r\n0\r\nContent-Length: 3\r\n\r\n${SMUGGLED}`),
  'chunk extensions without end': chunked(`33;${'a'.repeat(100_000)}\r\n${JSON_BODY}\r\n${END}${SMUGGLED}`),
  'bare line feeds': `GET /health HTTP/1.1\nHost: x\n\n${SMUGGLED}`,
  'a folded header': `GET /health HTTP/1.1\r\nHost: x\r\nX-Folded: a\r\n b\r\n\r\n${SMUGGLED}`,
  'a space before the first header': `GET /health HTTP/1.1\r\n Host: x\r\n\r\n${SMUGGLED}`,
  'a header without a name': `GET /health HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n${SMUGGLED}`,
  'a header without a colon': `GET /health HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n${SMUGGLED}`,
  'a NUL in a header': `GET /health HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n${SMUGGLED}`,
  'two hosts': `GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n${SMUGGLED}`,
  'two hosts that are one': `GET /health HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n${SMUGGLED}`,
  'no host': `GET /health HTTP/1.1\r\nConnection: close\r\n\r\n${SMUGGLED}`,
  'no version': `GET /health\r\n\r\n${SMUGGLED}`,
  'another version': `GET /health HTTP/3.0\r\nHost: x\r\n\r\n${SMUGGLED}`,
  'two versions': `GET /health HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n${SMUGGLED}`,
  'HTTP/2 by prior knowledge': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a body of a GET': `GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
  'chunks of a GET': `GET /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n${END}${SMUGGLED}`,
  'chunks of a DELETE': `DELETE /me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n${END}${SMUGGLED}`,
  'chunks of HTTP/1.0': chunked(CHUNKS + SMUGGLED).replace('HTTP/1.1', 'HTTP/1.0'),
  'a refused body that is a request': upload(
    ['Content-Type: multipart/form-data; boundary=b', `Content-Length: ${SMUGGLED.length}`],
    SMUGGLED,
  ),
  'a refused body and a request after it': upload(
    ['Content-Type: text/plain', 'Content-Length: 5'],
    `hello${SMUGGLED}`,
  ),
  'a body that is too large and a request in it': login(['Content-Length: 70000'], SMUGGLED.repeat(2000)),
  'a compressed body': login(['Content-Encoding: gzip', LENGTH], JSON_BODY + SMUGGLED),
  'a huge header': `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(100_000)}\r\n\r\n${SMUGGLED}`,
  'a huge target': `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n${SMUGGLED}`,
}

/** Unusual but unambiguous requests. */
const ACCEPTED: Record<string, string> = {
  'a chunk extension': chunked(`33;name="value"\r\n${JSON_BODY}\r\n${END}`),
  'chunked in capitals': login(['TRANSFER-ENCODING: CHUNKED'], CHUNKS),
  trailers: chunked(`33\r\n${JSON_BODY}\r\n0\r\nHost: evil\r\nContent-Type: x\r\n\r\n`),
  'a length with spaces around it': login([LENGTH.replace(': ', ':  \t'), 'X: y'], JSON_BODY),
  'empty lines before it': `\r\n\r\n${login([LENGTH], JSON_BODY)}`,
  'an absolute target': login([LENGTH], JSON_BODY).replace(' /login', ' http://evil.example/login'),
  'an upgrade to HTTP/2': login(
    ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAA', LENGTH],
    JSON_BODY,
  ),
  'an upgrade to a WebSocket': login(['Connection: Upgrade', 'Upgrade: websocket', LENGTH], JSON_BODY),
}

const summaryOf = (responses: WireResponse[]) =>
  responses.map(({ status, body }) => `${status} ${body.toString().slice(0, 120)}`)

t.test('an ambiguous request is refused, and nothing after it gets a response', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  for (const [name, bytes] of Object.entries(REFUSED)) {
    const responses = await exchange(regional.url, Buffer.from(bytes, 'latin1'))
    t.equal(responses.length, 1, `${name}: ${summaryOf(responses)}`)
    t.match(String(responses[0]?.status), /^4(00|01|13|15|31)$/, `${name}: ${responses[0]?.status}`)
    t.match(responses[0]?.headers, { 'content-type': 'application/problem+json', connection: 'close' }, name)
  }
  for (const [name, bytes] of Object.entries(ACCEPTED)) {
    const responses = await exchange(regional.url, Buffer.from(bytes, 'latin1'), { disconnectAfterMs: 1000 })
    t.match(summaryOf(responses), [/^401 .*invalid-credentials/], name)
    t.equal(responses.length, 1, name)
    regional.execute('delete from login_failures')
  }
  t.equal((await alice.get('/me')).status, 200, 'other clients are served')
})

t.test('an empty chunked body counts as none, and nothing after it gets a response', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const token = await alice.token('write')
  const file = await alice.put('x')
  const cookie = `Cookie: syncsphere_session=${alice.session}`
  const requests: [line: string, credentials: string, status: number][] = [
    ['GET /health', '', 200],
    ['HEAD /health', '', 200],
    ['GET /openapi.json', '', 200],
    ['GET /files', cookie, 200],
    [`DELETE /files/${file.id}`, `Authorization: Bearer ${token}\r\nContent-Type: application/json`, 204],
    ['POST /logout', `${cookie}\r\nContent-Type: application/x-www-form-urlencoded`, 204],
  ]
  for (const [line, credentials, status] of requests) {
    const headers = ['Host: x', credentials, 'Transfer-Encoding: chunked'].filter(Boolean).join('\r\n')
    const bytes = Buffer.from(`${line} HTTP/1.1\r\n${headers}\r\n\r\n${END}${SMUGGLED}`)
    const method = line.split(' ', 1) as string[]
    const responses = await exchange(regional.url, bytes, { methods: method })
    t.same(
      responses.map((response) => response.status),
      [status],
      line,
    )
    t.match(responses[0]?.headers, { connection: 'close' })
  }
})

t.test('pipelined requests each get a response, until one is refused', async (t) => {
  const regional = await openTestRegional(t)
  const health = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n'
  const three = await exchange(regional.url, Buffer.from(health.repeat(3)), { disconnectAfterMs: 1000 })
  t.same(
    three.map(({ status }) => status),
    [200, 200, 200],
    'the client sees all pipelined responses',
  )
  const many = `GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${'X: y\r\n'.repeat(2500)}\r\n`
  t.match(summaryOf(await exchange(regional.url, Buffer.from(many))), [/^431 .*request-header-too-large/])
  const refused = upload(['Content-Type: text/plain', 'Content-Length: 5'], 'hello')
  const responses = await exchange(regional.url, Buffer.from(health + refused + health))
  t.same(
    responses.map(({ status }) => status),
    [200, 401],
  )
  const last = await exchange(
    regional.url,
    Buffer.from(health.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') + health),
  )
  t.equal(last.length, 1, 'nothing after Connection: close gets a response')
})
