import fc from 'fast-check'
import t from 'tap'
import { type ParameterObject, resolve, type Schema } from '../../src/contract/document.js'
import { loadContract } from '../../src/contract/load.js'
import type { Operation } from '../../src/contract/operation.js'
import { rawConnection } from '../contract/raw-http.js'
import type { Client } from '../support/client.js'
import { operations } from '../support/contract-check.js'
import { holdsAsync } from '../support/holds.js'
import { fieldPart, filePart, formOf } from '../support/multipart.js'
import { OPERATOR_TOKEN, openTestRegional } from '../support/test-regional.js'
import { until } from '../support/until.js'

/** Requests that the fuzz sends; more by FUZZ_RUNS. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 400)

const { document } = loadContract()

const NASTY = [
  '',
  '\0',
  '../../etc/passwd',
  "' or 1=1 --",
  '%00',
  '%',
  '\u202e\u2066x',
  '🙂'.repeat(100),
  'x'.repeat(5000),
  '__proto__',
  'constructor',
  '{"a":1}',
  '$' + '{7*7}',
  'NaN',
  '-1',
  '9'.repeat(400),
  '\r\nX-Injected: 1',
]

const nasty = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 60 }), fc.string())

/** Values for a schema: right ones, wrong ones, and things that no schema thinks of. */
function valueFor(schema: Schema, ids: string[]): fc.Arbitrary<unknown> {
  const known = resolve(document, schema) as Schema & { examples?: unknown[]; enum?: unknown[] }
  const right = [...(known.enum ?? []), ...(known.examples ?? []), ...(known['format'] === 'uuid' ? ids : [])]
  if (known['type'] === 'integer') right.push(1, 7, 200)
  if (known['type'] === 'boolean') right.push(true, false)
  if (known['type'] === 'object') return bodyFor(known, ids)
  const wrong = fc.oneof(nasty, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.jsonValue())
  if (right.length === 0) return wrong
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: wrong })
}

function bodyFor(schema: Schema, ids: string[]): fc.Arbitrary<unknown> {
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [name, valueFor(one, ids)]),
  )
  const declared = fc.record(model, { requiredKeys: (schema['required'] as string[] | undefined) ?? [] })
  const surplus = fc
    .tuple(declared, nasty, fc.jsonValue())
    .map(([body, name, value]) => ({ ...body, [name]: value }))
  return fc.oneof(
    { weight: 6, arbitrary: declared },
    { weight: 1, arbitrary: surplus },
    { weight: 1, arbitrary: fc.jsonValue() },
  )
}

interface Shot {
  operation: Operation
  path: string
  headers: Record<string, string>
  body: Buffer | string | undefined
}

function shots(operation: Operation, ids: string[]): fc.Arbitrary<Shot> {
  const place = (where: string) => operation.parameters.filter((parameter) => parameter.in === where)
  const values = (parameters: ParameterObject[], required: boolean) =>
    fc.record(
      Object.fromEntries(parameters.map(({ name, schema }) => [name, valueFor(schema ?? {}, ids)])),
      required ? {} : { requiredKeys: [] },
    )
  const schema = operation.jsonBody && (resolve(document, operation.jsonBody) as Schema)
  const json = schema === undefined ? fc.constant(undefined) : bodyFor(schema, ids)
  const isForm = operation.requestMediaTypes.includes('multipart/form-data')
  return fc
    .record({
      params: values(place('path'), true),
      query: values(place('query'), false),
      surplus: fc.oneof({ weight: 9, arbitrary: fc.constant('') }, nasty),
      headers: values(place('header'), false),
      json,
      form: isForm ? formsFor() : fc.constant(undefined),
      raw: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, nasty),
    })
    .map(({ params, query, surplus, headers, json, form, raw }) => {
      const search = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [name, text(value)]),
      )
      // A server that works alone would wait half a minute for the others.
      if (Number(search.get('min_copies')) > 1) search.delete('min_copies')
      if (surplus !== '') search.append(surplus, 'x')
      const filled = operation.path.replaceAll(
        /\{(\w+)\}/g,
        (_, name: string) => encodeURIComponent(text(params[name])) || '%20',
      )
      const type = form?.contentType ?? (schema === undefined ? undefined : 'application/json')
      return {
        operation,
        path: search.size === 0 ? filled : `${filled}?${search}`,
        headers: {
          ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, headerText(value)])),
          ...(type !== undefined && { 'content-type': type }),
        },
        body: form?.body ?? (schema === undefined ? undefined : (raw ?? JSON.stringify(json) ?? '')),
      }
    })
}

function formsFor(): fc.Arbitrary<{ contentType: string; body: Buffer }> {
  const header = nasty.map((value) => value.replaceAll(/[\r\n\0"]/g, ''))
  const field = fc
    .tuple(
      fc.oneof(fc.constantFrom('folder', 'visibility', 'sha256'), header),
      fc.oneof(header, fc.constantFrom('/', '/a', 'public')),
    )
    .map(([name, value]) => fieldPart(name, value))
  const file = fc
    .tuple(header, fc.uint8Array({ maxLength: 200 }), fc.oneof(fc.constant('text/plain'), header))
    .map(([name, bytes, type]) => filePart(name, Buffer.from(bytes), type))
  const broken = fc.record({ head: header, body: header })
  const parts = fc.array(fc.oneof(field, broken), { maxLength: 4 })
  return fc
    .record({
      parts,
      file: fc.option(file),
      after: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, parts),
      cut: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat(100)),
    })
    .map(({ parts, file, after, cut }) => {
      const { contentType, body } = formOf([...parts, ...(file ? [file] : []), ...after])
      return { contentType, body: cut === 0 ? body : body.subarray(0, -cut) }
    })
}

const text = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed()
const headerText = (value: unknown): string =>
  text(value)
    .replaceAll(/[^\x20-\x7e]/g, '')
    .slice(0, 6000)
    .trim()

t.test('no request of any shape is more than the server can answer, as the contract says', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const bob = await regional.person('bob')
  await alice.befriend(bob)
  const { id: mine } = await alice.put('hello', { visibility: 'friends' })
  const { id: his } = await bob.put('hello', { visibility: 'public' })
  const asked = await (await regional.person('carol')).post('/friends/request', { username: 'alice' })
  const ids = [mine, his, asked.json.id as string, alice.id]
  const callers: Client[] = [
    alice,
    bob,
    regional.nobody(),
    alice.as({ authorization: `Bearer ${await alice.token('write')}` }),
    alice.as({ authorization: `Bearer ${OPERATOR_TOKEN}` }),
  ]
  // What ends sessions or accounts, or never ends, is not for a fuzz; register hashes a password each time.
  const spared = ['deleteMe', 'logoutUser', 'streamEvents', 'revokeSession']
  const chosen = operations.filter(({ id }) => !spared.includes(id))
  const shot = fc.constantFrom(...chosen).chain((operation) => shots(operation, ids))
  const statuses = new Map<number, number>()
  await holdsAsync(
    t,
    fc.asyncProperty(shot, fc.nat(callers.length - 1), async ({ operation, path, headers, body }, caller) => {
      const client = callers[caller] as Client
      // The client fails on whatever the contract does not declare.
      const answer = await client.ask(operation.method, path, { headers, body })
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      if (answer.status >= 500 && answer.status !== 507) throw new Error(`${answer.outcome}`)
    }),
    { numRuns: RUNS },
  )
  t.comment(
    [...statuses]
      .toSorted(([a], [b]) => a - b)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', '),
  )
  t.ok((statuses.get(400) ?? 0) > RUNS / 10)
  t.ok((statuses.get(200) ?? 0) + (statuses.get(201) ?? 0) > RUNS / 20, 'some of it was right')
  await until('all is cleared away', async () => (await regional.faults()).length === 0)
})

t.test('what HTTP leaves open for smugglers is refused, and the connection closed', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const cookie = `Cookie: syncsphere_session=${alice.session}`
  const smuggled = 'GET /me HTTP/1.1\r\nHost: x\r\n\r\n'
  const cases: [what: string, request: string][] = [
    [
      'two lengths',
      `POST /upload HTTP/1.1\r\nHost: x\r\n${cookie}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello${smuggled}`,
    ],
    [
      'a list of lengths',
      `POST /upload HTTP/1.1\r\nHost: x\r\n${cookie}\r\nContent-Length: 5, 5\r\n\r\nhello${smuggled}`,
    ],
    [
      'length and chunks',
      `POST /upload HTTP/1.1\r\nHost: x\r\n${cookie}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    [
      'chunks not last',
      `POST /upload HTTP/1.1\r\nHost: x\r\n${cookie}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    [
      'an odd coding',
      `POST /upload HTTP/1.1\r\nHost: x\r\n${cookie}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    [
      'a space before the colon',
      `POST /upload HTTP/1.1\r\nHost: x\r\n${cookie}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    ['a folded header', `GET /health HTTP/1.1\r\nHost: x\r\nX-Folded: a\r\n b\r\n\r\n${smuggled}`],
    ['bare line feeds', `GET /health HTTP/1.1\nHost: x\n\n${smuggled}`],
    ['a bare carriage return', `GET /health HTTP/1.1\r\nHost: x\rX: y\r\n\r\n${smuggled}`],
    [
      'a length with a sign',
      `POST /upload HTTP/1.1\r\nHost: x\r\n${cookie}\r\nContent-Length: +5\r\n\r\nhello${smuggled}`,
    ],
    [
      'a length too long',
      `POST /upload HTTP/1.1\r\nHost: x\r\n${cookie}\r\nContent-Length: 99999999999999999999\r\n\r\nhello`,
    ],
    [
      'a chunk size too long',
      `POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello`,
    ],
    ['a huge header', `GET /health HTTP/1.1\r\nHost: x\r\nX-Huge: ${'a'.repeat(100_000)}\r\n\r\n`],
    ['a huge target', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['very many headers', `GET /health HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(5000)}\r\n`],
    ['another version', `GET /health HTTP/3.0\r\nHost: x\r\n\r\n`],
    ['HTTP/2 prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    [
      'a body in a GET',
      `GET /me HTTP/1.1\r\nHost: x\r\n${cookie}\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    ],
    ['two hosts', `GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n`],
  ]
  for (const [what, request] of cases) {
    using connection = await rawConnection(regional.url)
    connection.send(request)
    connection.socket.end()
    const answer = await connection.rest()
    t.notMatch(answer, /HTTP\/1\.1 5\d\d/, `${what}: not the server's fault`)
    t.ok(answer === '' || /^HTTP\/1\.1 (4\d\d|200) /.test(answer), `${what}: ${answer.slice(0, 40)}`)
    t.notMatch(
      answer,
      /unauthenticated.*HTTP\/1\.1 .*unauthenticated/s,
      `${what}: nothing smuggled was answered`,
    )
  }
  using absolute = await rawConnection(regional.url)
  absolute.send(`GET http://evil.example/me HTTP/1.1\r\nHost: x\r\n${cookie}\r\nConnection: close\r\n\r\n`)
  t.match(await absolute.rest(), /^HTTP\/1\.1 (200|4\d\d) /)
  t.equal((await alice.get('/me')).status, 200, 'and everybody else is served')
})
