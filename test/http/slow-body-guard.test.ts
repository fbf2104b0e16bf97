import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { SlowBodyGuard } from '../../src/http/guards/slow-body-guard.js'
import { DEFAULT_LIMITS } from '../../src/http/limits.js'
import { rawConnection } from '../contract/raw-http.js'
import { until } from '../support/until.js'

t.test('the slow-body guard forgets a request when it completes or its connection closes', async (t) => {
  using guard = new SlowBodyGuard(DEFAULT_LIMITS)
  const sizes: number[] = []
  const server = createServer(async (request, response) => {
    guard.add(request, true)
    sizes.push(guard.size)
    request.once('close', () => sizes.push(guard.size))
    await text(request).catch(() => undefined)
    response.end()
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const body = { method: 'POST', body: 'x'.repeat(100_000) }
  for (let i = 0; i < 2; i++) await (await fetch(origin, body)).text()

  using client = await rawConnection(origin)
  client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nnot all')
  await until('it has begun', () => sizes.length === 5)
  client.socket.destroy()
  await until('it is over', () => sizes.length === 6)
  t.same(sizes, [1, 0, 1, 0, 1, 0])
})
