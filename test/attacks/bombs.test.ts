import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { resolved } from '../contract/fuzz-values.js'
import { operations } from '../support/contract-check.js'
import { fieldPart, filePart, formOf, type Part } from '../support/multipart.js'
import { exchange } from '../support/wire.js'
import { openTarget } from './target.js'

const MIB = 1024 * 1024
const DISPOSITION = 'Content-Disposition: form-data'
const BOUNDARY = 'b0undary'

t.setTimeout(120_000)

const many = (count: number, part: (i: number) => Part) => Array.from({ length: count }, (_, i) => part(i))
const form = (parts: Part[]) => formOf(parts, BOUNDARY).body
const file = filePart('a.bin', 'hello')

function nested(depth: number): Part {
  let inner = formOf([file], 'inner0')
  for (let level = 1; level < depth; level += 1)
    inner = formOf(
      [{ head: `${DISPOSITION}; name="file"\r\nContent-Type: ${inner.contentType}`, body: inner.body }],
      `inner${level}`,
    )
  return { head: `${DISPOSITION}; name="file"\r\nContent-Type: ${inner.contentType}`, body: inner.body }
}

/** Forms that are cheap to send and expensive for a careless server, each with its expected outcome. */
const FORMS: Record<string, [body: () => Buffer, outcome: RegExp]> = {
  'two hundred thousand parts': [
    () => form(many(200_000, () => fieldPart('folder', '/'))),
    /^400 validation-failed/,
  ],
  'ten thousand files': [() => form(many(10_000, () => file)), /^400 validation-failed/],
  'a header of 20 MiB': [
    () => form([{ head: `${DISPOSITION}; name="file"; filename="${'x'.repeat(20 * MIB)}"`, body: 'x' }]),
    /^400 validation-failed/,
  ],
  'a hundred thousand headers': [
    () =>
      form([
        { head: `${'X-Many: y\r\n'.repeat(100_000)}${DISPOSITION}; name="file"; filename="a"`, body: 'x' },
      ]),
    /^400 validation-failed/,
  ],
  'a field of 20 MiB': [
    () => form([fieldPart('folder', `/${'x'.repeat(20 * MIB)}`), file]),
    /^400 validation-failed/,
  ],
  'a field name of 20 MiB': [
    () => form([fieldPart('x'.repeat(20 * MIB), '/'), file]),
    /^400 validation-failed/,
  ],
  'forms in forms': [() => form([nested(500)]), /^400 validation-failed/],
  'no end': [
    () => form([filePart('a.bin', randomBytes(5 * MIB))]).subarray(0, -20),
    /^400 validation-failed/,
  ],
  'nothing but a beginning': [() => Buffer.from(`--${BOUNDARY}\r\n`), /^400 validation-failed/],
  'no boundary at all': [() => randomBytes(5 * MIB), /^400 validation-failed/],
  'nothing but line ends': [() => Buffer.from('\r\n'.repeat(5 * MIB)), /^400 validation-failed/],
  'a file full of almost its boundary': [
    () => form([filePart('a.bin', `\r\n--${BOUNDARY.slice(0, -1)}`.repeat(500_000))]),
    /^201/,
  ],
  'a file full of hyphens': [() => form([filePart('a.bin', '\r\n-'.repeat(3 * MIB))]), /^201/],
}

/** Strings on which a backtracking expression would spend hours. */
const LONG = 60_000
const REPETITIVE = [
  'a'.repeat(LONG),
  '/'.repeat(LONG),
  `${'/a'.repeat(LONG / 2)}\0`,
  `/${'.'.repeat(LONG)}`,
  `${'a@'.repeat(LONG / 2)}!`,
  `a@${'a.'.repeat(LONG / 2)}`,
  `${'a.'.repeat(LONG / 2)}@`,
  `"${'\\ '.repeat(LONG / 4)}`,
  `a@${'a-'.repeat(LONG / 2)}.`,
  ' '.repeat(LONG),
  '\u0301'.repeat(LONG / 2),
  '\u{fdfa}'.repeat(LONG / 3),
]

t.test('forms that are cheap to send and expensive to parse are handled at low cost', async (t) => {
  const { server, dana, faults } = await openTarget(t)
  let used = 0
  for (const [what, [body, outcome]] of Object.entries(FORMS)) {
    const start = performance.now()
    const contentType = `multipart/form-data; boundary=${BOUNDARY}`
    // The server may respond and close while the client is still sending.
    const head = `POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${dana.headers['cookie']}\r\nContent-Type: ${contentType}\r\n`
    const bytes = body()
    const [response] = await exchange(
      server.url,
      Buffer.concat([Buffer.from(`${head}Content-Length: ${bytes.length}\r\n\r\n`), bytes]),
    )
    const json = JSON.parse(response?.body.toString() || '{}') as { type?: string; size?: number }
    const seconds = (performance.now() - start) / 1000
    t.match(
      `${response?.status} ${json.type?.split(':').at(-1)}`,
      outcome,
      `${what} (${seconds.toFixed(1)} s)`,
    )
    t.ok(seconds < 15, `${what}: ${seconds.toFixed(1)} s`)
    if (response?.status === 201) used += json.size ?? 0
  }
  t.equal(await dana.usedStorage(), used, 'refused uploads use no storage')
  t.ok(server.peakBytes < 400 * MIB, `${Math.round(server.peakBytes / MIB)} MiB at most`)
  t.strictSame(await faults(), [])
})

t.test('no text takes long to validate', async (t) => {
  const { server, dana, faults } = await openTarget(t)
  let slowest = { ms: 0, what: '' }
  for (const operation of operations) {
    const properties = Object.keys(operation.jsonBody ? (resolved(operation.jsonBody).properties ?? {}) : {})
    for (const name of properties) {
      for (const text of REPETITIVE) {
        const start = performance.now()
        const path = operation.path.replaceAll(/\{\w+\}/g, '01a207e2-48c0-7173-b83d-9c172411e20b')
        const { status } = await dana.ask(operation.method, path, { json: { [name]: text } })
        const ms = performance.now() - start
        if (ms > slowest.ms) slowest = { ms, what: `${operation.id} ${name} ${text.slice(0, 10)}` }
        if (status < 400 || status >= 500) t.fail(`${operation.id} ${name}: ${status}`)
      }
    }
  }
  t.ok(slowest.ms < 2000, `${slowest.ms.toFixed(0)} ms at most: ${slowest.what}`)
  const deep = ['[', '{"a":'].map((open) => open.repeat(65_000 / open.length))
  const wide = `{${Array.from({ length: 6000 }, (_, i) => `"${i}":1`).join()}}`
  const headers = { 'content-type': 'application/json' }
  for (const body of [...deep, wide, `[${'9'.repeat(65_000)}]`]) {
    const start = performance.now()
    t.match((await dana.ask('POST', '/login', { headers, body })).outcome, /^400 /)
    t.ok(performance.now() - start < 2000)
  }
  t.ok(server.peakBytes < 300 * MIB, `${Math.round(server.peakBytes / MIB)} MiB at most`)
  t.strictSame(await faults(), [])
})

t.test('multiple ranges never return more bytes than the file has', async (t) => {
  const { server, dana, faults } = await openTarget(t)
  const size = 2 * MIB
  const { id } = await dana.put(randomBytes(size), { visibility: 'public' })
  const ranges = {
    'ten thousand': [Array.from({ length: 10_000 }, (_, i) => `${i}-${i}`).join(), 431],
    'as many as a header holds': [Array.from({ length: 1000 }, () => '0-').join(), 200],
    'all of it, again and again': [Array.from({ length: 200 }, () => `0-${size - 1}`).join(), 200],
    'apart from each other': [Array.from({ length: 400 }, (_, i) => `${i * 9}-${i * 9}`).join(), 200],
    'each within the one before': [Array.from({ length: 300 }, (_, i) => `${i}-${size - i}`).join(), 200],
    'the end, again and again': [Array.from({ length: 500 }, () => '-1').join(), 200],
    'none that there is': [Array.from({ length: 200 }, () => `${size}-`).join(), 416],
  } as const
  for (const [what, [range, expected]] of Object.entries(ranges)) {
    const response = await dana.get(`/download/${id}`, { range: `bytes=${range}` })
    const accepted = expected === 200 ? [200, 206] : [expected, 400]
    t.ok((accepted as number[]).includes(response.status), `${what}: ${response.status}`)
    t.ok(response.bytes.length <= size, `${what}: ${response.bytes.length} bytes`)
  }
  const hurried = Array.from({ length: 300 }, async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`GET /download/${id} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await once(socket, 'data')
    socket.destroy()
  })
  await Promise.all(hurried)
  t.equal((await dana.get('/health')).status, 200, 'aborted downloads do not block the server')
  t.ok(server.peakBytes < 500 * MIB, `${Math.round(server.peakBytes / MIB)} MiB at most`)
  t.strictSame(await faults(), [])
})
