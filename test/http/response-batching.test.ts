import { type FastifyInstance, fastify } from 'fastify'
import t, { type Test } from 'tap'
import { batchResponses } from '../../src/http/responses/response-batching.js'
import { rawConnection } from '../contract/raw-http.js'

/** A server that records when it creates and when it sends each response. */
async function notingServer(t: Test): Promise<{ app: FastifyInstance; noted: string[] }> {
  const noted: string[] = []
  const app = fastify()
  t.teardown(() => app.close())
  batchResponses(app)
  app.addHook('onSend', (request, _reply, payload, done) => {
    noted.push(`sent ${request.url}`)
    done(null, payload)
  })
  app.addHook('preHandler', (request, _reply, done) => {
    noted.push(`made ${request.url}`)
    done()
  })
  app.get('/short', () => 'short')
  app.get('/long', () => 'x'.repeat(200_000))
  app.get('/later', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    setImmediate(() => noted.push('the turn after'))
    return 'later'
  })
  return { app, noted }
}

/** Sends requests on open connections, so that the server reads them all in one event-loop tick. */
async function askAtOnce(app: FastifyInstance, paths: string[]): Promise<void> {
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const clients = await Promise.all(paths.map(() => rawConnection(origin)))
  try {
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
    for (const client of clients) client.send(request('/none'))
    await Promise.all(clients.map((client) => client.until(/404/)))
    for (const [index, path] of paths.entries()) clients[index]?.send(request(path))
    await Promise.all(clients.map((client) => client.until(/200 OK/)))
  } finally {
    for (const client of clients) client.socket.destroy()
  }
}

t.test('responses of one tick are sent together at its end, or earlier when the batch is full', async (t) => {
  const { app, noted } = await notingServer(t)
  await askAtOnce(app, ['/short', '/short', '/long', '/short', '/short'])
  t.same(
    noted.filter((note) => !note.endsWith('/none')),
    [
      ...['made /short', 'made /short', 'made /long', 'sent /short', 'sent /short', 'sent /long'],
      ...['made /short', 'made /short', 'sent /short', 'sent /short'],
    ],
  )
})

t.test('a response of a later tick is sent at once', async (t) => {
  const { app, noted } = await notingServer(t)
  await askAtOnce(app, ['/later'])
  t.same(
    noted.filter((note) => !note.endsWith('/none')),
    ['made /later', 'sent /later', 'the turn after'],
  )
})

t.test('a response that fails to send does not affect others of its batch', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  batchResponses(app)
  app.get('/bad', (_request, reply) => reply.header('x-bad', 'a\nb').send('never'))
  app.get('/good', () => 'good')
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const signal = AbortSignal.timeout(5000)
  const responses = await Promise.all(['/bad', '/good'].map((path) => fetch(origin + path, { signal })))
  t.same(
    responses.map(({ status }) => status),
    [500, 200],
  )
})
