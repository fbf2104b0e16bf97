import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import type { RequestContext } from '../../src/contract/handlers.js'
import { formParts } from '../../src/http/api/form.js'
import { rawConnection } from '../contract/raw-http.js'
import { buildSmall } from '../contract/small-contract.js'

async function serve(t: Test, ...small: Parameters<typeof buildSmall>): Promise<FastifyInstance> {
  const app = await buildSmall(...small)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  return app
}

const head = (path: string, ...headers: string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: x', ...headers, '', ''].join('\r\n')

const WRITER = 'Authorization: Bearer writer'
const JSON_TYPE = 'Content-Type: application/json'
const FORM_TYPE = 'Content-Type: multipart/form-data; boundary=b'
const FORM_HEAD = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
const FORM_END = '\r\n--b--\r\n'

async function* bytesThenFailure(bytes: number): AsyncGenerator<Buffer> {
  if (bytes > 0) yield Buffer.alloc(bytes)
  await new Promise((resolve) => setTimeout(resolve, 50))
  throw new Error('disk')
}

/** Reads a form like the upload and returns the size of its file. */
async function countBytes(_input: unknown, context: RequestContext): Promise<object> {
  let bytes = 0
  context.continueBody()
  for await (const part of formParts((context.request as FastifyRequest).raw)) {
    await part.copy((chunk) => {
      bytes += chunk.length
      return undefined
    })
  }
  return { status: 200, body: { bytes } }
}

t.test('a request is authorized before its body is read', async (t) => {
  const app = await serve(t)
  const cases: [string, RegExp][] = [
    [head('/notes', JSON_TYPE, 'Content-Length: 20'), /^HTTP\/1.1 401 .*unauthenticated/s],
    [
      head('/notes', 'Authorization: Bearer reader', JSON_TYPE, 'Content-Length: 20'),
      /^HTTP\/1.1 403 .*scope/s,
    ],
    [
      head('/login', JSON_TYPE, 'Origin: https://evil.example', 'Content-Length: 20'),
      /^HTTP\/1.1 403 .*cross-origin/s,
    ],
    [
      head('/notes', WRITER, 'Content-Type: text/html', 'Content-Length: 20'),
      /^HTTP\/1.1 415 .*application\/json/s,
    ],
    [head('/notes', WRITER, JSON_TYPE, 'Content-Length: 70000'), /^HTTP\/1.1 413 .*body-too-large/s],
    [head('/upload', FORM_TYPE, 'Transfer-Encoding: chunked'), /^HTTP\/1.1 401 .*unauthenticated/s],
    [head('/nothing', JSON_TYPE, 'Content-Length: 20'), /^HTTP\/1.1 404 .*not-found/s],
  ]
  for (const [text, expected] of cases) {
    using connection = await rawConnection(app.listeningOrigin)
    connection.send(text)
    const reply = await connection.rest()
    t.match(reply, expected)
    t.match(
      reply,
      /\r\nconnection: close\r\n/i,
      'the connection closes, because the unread body would follow',
    )
  }
})

t.test(
  'a client that sends Expect: 100-continue gets 100 Continue only if its body is accepted',
  async (t) => {
    const app = await serve(t, { upload: countBytes })
    const expect = 'Expect: 100-continue'
    using refused = await rawConnection(app.listeningOrigin)
    refused.send(head('/notes', JSON_TYPE, 'Content-Length: 12', expect))
    t.match(await refused.rest(), /^HTTP\/1.1 401 /, 'no 100 Continue precedes a refusal')

    using json = await rawConnection(app.listeningOrigin)
    json.send(head('/notes', WRITER, JSON_TYPE, 'Content-Length: 12', expect))
    await json.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/)
    json.send('{"text":"x"}')
    t.match(await json.until(/201 Created.*\}$/s), /connection: keep-alive/i)

    using form = await rawConnection(app.listeningOrigin)
    const body = `${FORM_HEAD}12345${FORM_END}`
    form.send(head('/upload', WRITER, FORM_TYPE, `Content-Length: ${body.length}`, expect))
    await form.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/)
    form.send(body)
    t.match(await form.until(/200 OK.*\}$/s), /\{"bytes":5\}$/)
    form.send(head('/upload', WRITER, FORM_TYPE, `Content-Length: ${body.length}`) + body)
    await form.until(/\}.*200 OK.*\}$/s)

    using other = await rawConnection(app.listeningOrigin)
    other.send(`${head('/notes', WRITER, JSON_TYPE, 'Content-Length: 12', 'Expect: tea')}{"text":"x"}`)
    t.match(await other.until(/\}$/), /^HTTP\/1.1 201 /, 'an unknown expectation is ignored')
  },
)

t.test(
  'a refused client gets its response while it is still sending, and is then disconnected',
  async (t) => {
    const app = await serve(t)
    using connection = await rawConnection(app.listeningOrigin)
    connection.send(head('/upload', FORM_TYPE, 'Content-Length: 10737418240'))
    const megabyte = Buffer.alloc(1024 * 1024)
    let sent = 0
    while (!connection.socket.destroyed && sent < 1024) {
      sent++
      if (!connection.socket.write(megabyte)) {
        await Promise.race([
          new Promise((resolve) => connection.socket.once('drain', resolve)),
          new Promise((resolve) => connection.socket.once('close', resolve)),
        ])
      }
    }
    t.match(await connection.rest(), /^HTTP\/1.1 401 .*unauthenticated/s)
    t.ok(sent < 200, `the server read at most ${sent} MiB`)
  },
)

t.test('a chunked body above the limit is refused', async (t) => {
  const app = await serve(t)
  using connection = await rawConnection(app.listeningOrigin)
  connection.send(head('/notes', WRITER, JSON_TYPE, 'Transfer-Encoding: chunked'))
  connection.send(`13880\r\n${'x'.repeat(0x13880)}\r\n`)
  t.match(await connection.rest(), /^HTTP\/1.1 413 .*body-too-large/s)
})

t.test('bodies below the minimum rate time out, and slow bodies above it do not', async (t) => {
  const limits = { jsonBodyMs: 300, streamBytesPerSecond: 100, streamWindowMs: 300 }
  const app = await serve(t, { upload: countBytes }, { limits })
  using json = await rawConnection(app.listeningOrigin)
  using form = await rawConnection(app.listeningOrigin)
  using steady = await rawConnection(app.listeningOrigin)
  json.send(`${head('/notes', WRITER, JSON_TYPE, 'Content-Length: 12')}{"text`)
  form.send(head('/upload', WRITER, FORM_TYPE, 'Content-Length: 1000') + FORM_HEAD)
  const length = FORM_HEAD.length + 20 * 50 + FORM_END.length
  steady.send(head('/upload', WRITER, FORM_TYPE, `Content-Length: ${length}`) + FORM_HEAD)
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 75))
    steady.send('x'.repeat(50))
  }
  steady.send(FORM_END)
  t.match(await steady.until(/\}$/), /200 OK.*\{"bytes":1000\}$/s)
  t.match(await json.rest(), /^HTTP\/1.1 408 .*request-timeout/s)
  t.match(await form.rest(), /^HTTP\/1.1 408 .*request-timeout/s)
})

t.test(
  'a client that stops reading its response is disconnected, and one that reads slowly is not',
  async (t) => {
    const limits = { streamBytesPerSecond: 100_000_000, streamWindowMs: 2000 }
    const bytes = 64 * 1024 * 1024
    let isEnded = false
    const copy = async (take: (chunk: Buffer) => Promise<void>) => {
      const chunk = Buffer.alloc(1024 * 1024)
      for (let sent = 0; sent < bytes; sent += chunk.length) await take(chunk)
    }
    const getNote = ({ params }: { params: { note_id: string } }) => ({
      status: 200,
      headers: { 'content-length': String(bytes) },
      body: {
        copy: (take: (chunk: Buffer) => Promise<void>) =>
          copy(take).finally(() => {
            isEnded ||= params.note_id === 'unread'
          }),
        close: async () => undefined,
      },
    })
    const app = await serve(t, { getNote }, { limits })
    using unread = await rawConnection(app.listeningOrigin)
    using slow = await rawConnection(app.listeningOrigin)
    let received = 0
    slow.socket.on('data', (chunk) => {
      received += chunk.length
      slow.socket.pause()
      setTimeout(() => slow.socket.resume(), 1)
    })
    slow.send('GET /notes/slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    unread.socket.pause()
    unread.send('GET /notes/unread HTTP/1.1\r\nHost: x\r\n\r\n')
    while (!isEnded || !slow.socket.destroyed) await new Promise((resolve) => setTimeout(resolve, 5))
    t.ok(received > bytes, `${received} of ${bytes} bytes and the headers`)
  },
)

t.test('a malformed or truncated form gets 400', async (t) => {
  const app = await serve(t, { upload: countBytes })
  const cases: [string, string][] = [
    [FORM_TYPE, FORM_HEAD],
    [FORM_TYPE, 'no form at all'],
    ['Content-Type: multipart/form-data', 'x'],
    [`Content-Type: multipart/form-data; boundary=${'b'.repeat(300)}`, 'x'],
    [FORM_TYPE, `${FORM_HEAD}1${FORM_END}${'x'.repeat(1_000_000)}`],
    [FORM_TYPE, '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'.repeat(30) + FORM_END],
  ]
  for (const [type, body] of cases) {
    using connection = await rawConnection(app.listeningOrigin)
    connection.send(head('/upload', WRITER, type, `Content-Length: ${body.length}`) + body)
    const reply = await connection.until(/\}$/)
    t.match(reply, /^HTTP\/1.1 400 .*validation-failed/s, body.slice(0, 40))
  }
  using broken = await rawConnection(app.listeningOrigin)
  broken.send(`${head('/upload', WRITER, FORM_TYPE, 'Content-Length: 1000')}${FORM_HEAD}123`)
  broken.socket.end()
  await broken.rest()
  t.equal((await fetch(`${app.listeningOrigin}/notes/n1`)).status, 200, 'the server keeps working')
})

t.test("a handler's signal aborts when its client disconnects", async (t) => {
  let signal: AbortSignal | undefined
  const getNote = (_input: unknown, context: RequestContext) => {
    signal = context.signal
    return new Promise((resolve) =>
      context.signal.addEventListener('abort', () => resolve({ status: 200, body: Buffer.alloc(0) })),
    )
  }
  const app = await serve(t, { getNote })
  const connection = await rawConnection(app.listeningOrigin)
  connection.send('GET /notes/n1 HTTP/1.1\r\nHost: x\r\n\r\n')
  while (!signal) await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(signal.aborted, false)
  connection.socket.destroy()
  while (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5))
  t.ok(signal.aborted)
})

t.test("an event stream has the contract's headers and its handler's body", async (t) => {
  const streamNotes = () => ({
    status: 200,
    body: (response: ServerResponse) => void response.end('data: 1\n\n'),
  })
  const app = await serve(t, { streamNotes })
  const reply = await fetch(`${app.listeningOrigin}/events`, { headers: { authorization: 'Bearer reader' } })
  t.equal(reply.headers.get('content-type'), 'text/event-stream')
  t.equal(reply.headers.get('cache-control'), 'no-store')
  t.match(reply.headers.get('x-request-id'), /-/)
  t.equal(await reply.text(), 'data: 1\n\n')
})

t.test(
  'a body that fails before its first byte gives 500, and a later failure closes the connection',
  async (t) => {
    const failing = (afterBytes: number) => () => ({
      status: 200,
      headers: { 'content-length': '10', etag: '"x"', 'content-disposition': 'attachment' },
      body: Readable.from(bytesThenFailure(afterBytes)),
    })
    const early = await fetch(`${(await serve(t, { getNote: failing(0) })).listeningOrigin}/notes/n1`)
    t.equal(early.status, 500)
    t.equal(early.headers.get('etag'), null)
    t.match(await early.json(), { type: /internal-error$/ })
    const late = await fetch(`${(await serve(t, { getNote: failing(5) })).listeningOrigin}/notes/n1`)
    t.equal(late.status, 200)
    await t.rejects(late.arrayBuffer(), 'a truncated body is not taken for a complete one')
  },
)
