import t from 'tap'
import { operations } from '../support/contract-check.js'
import { OPERATOR_TOKEN, openTestRegional } from '../support/test-regional.js'

/** Headers that differ in each response. */
const OWN = ['date', 'x-request-id', 'ratelimit', 'connection', 'keep-alive', 'transfer-encoding']

t.test('every GET path supports HEAD, with the same headers and no body', async (t) => {
  const regional = await openTestRegional(t, { operatorToken: OPERATOR_TOKEN })
  const alice = await regional.person('alice')
  const bob = await regional.person('bob')
  await alice.befriend(bob)
  const file = await alice.put('hello')
  const values: Record<string, string> = { file_id: file.id, username: 'bob' }
  const declared = operations
    .filter(({ method, id }) => method === 'GET' && id !== 'streamEvents')
    .map(({ path }) => path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name])))
  const pages = ['/openapi.yaml', '/openapi.json', '/docs', '/docs/static/swagger-ui.css']
  for (const path of [...declared, ...pages]) {
    const caller = path === '/metrics' ? alice.as({ authorization: `Bearer ${OPERATOR_TOKEN}` }) : alice
    const ask = (method: string) =>
      fetch(regional.url + path, {
        method,
        redirect: 'manual',
        headers: caller.headers as Record<string, string>,
      })
    const [get, head] = [await ask('GET'), await ask('HEAD')]
    t.equal(head.status, get.status, path)
    t.ok(get.status < 400, `${path}: ${get.status}`)
    t.equal((await head.arrayBuffer()).byteLength, 0)
    const own = new Set(OWN)
    // The length of generated content may differ.
    if (path === '/metrics') own.add('content-length')
    const sent = (response: Response) => [...response.headers].filter(([name]) => !own.has(name))
    t.same(sent(head), sent(get), path)
    await get.arrayBuffer()
  }
  for (const path of ['/nothing', `/files/${'0'.repeat(8)}-0000-7000-8000-000000000000`])
    t.equal((await fetch(regional.url + path, { method: 'HEAD' })).status >= 400, true, path)
})

t.test('HEAD /events returns the headers without opening a stream', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const head = await fetch(`${regional.url}/events`, {
    method: 'HEAD',
    headers: alice.headers as Record<string, string>,
  })
  t.equal(head.status, 200)
  t.match(head.headers.get('content-type'), 'text/event-stream')
  t.equal((await alice.get('/health')).status, 200)
})
