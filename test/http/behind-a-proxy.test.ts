import t from 'tap'
import { openNginx, skipWithoutNginx } from '../support/nginx.js'
import { openTestRegional } from '../support/test-regional.js'

t.test('what a proxy compresses is known again by its tag', { skip: skipWithoutNginx }, async (t) => {
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
      headers: { cookie: `syncsphere_session=${alice.session}`, 'accept-encoding': 'gzip', ...init.headers },
    })
  const file = await alice.put('a'.repeat(5000), { mediaType: 'text/plain' })
  const seen = await ask(`/files/${file.id}`)
  const tag = String(seen.headers.get('etag'))
  t.match(tag, /^W\//, 'nginx has made it weak')
  t.equal((await ask(`/files/${file.id}`, { headers: { 'if-none-match': tag } })).status, 304)
  const change = (name: string) =>
    ask(`/files/${file.id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', 'if-match': tag },
      body: JSON.stringify({ name }),
    })
  t.equal((await change('renamed')).status, 200)
  t.equal((await change('again')).status, 412, 'and it is another after a change')

  const bytes = await ask(`/download/${file.id}`)
  const weak = String(bytes.headers.get('etag'))
  t.match(bytes.headers.get('cache-control'), /no-transform/)
  t.equal((await ask(`/download/${file.id}`, { headers: { 'if-none-match': weak } })).status, 304)
  const part = await ask(`/download/${file.id}`, { headers: { range: 'bytes=10-19', 'if-range': 'W/"x"' } })
  t.equal(part.status, 200, 'a part of what was compressed is not to be had')
})

t.test('a tag with the coding that Apache puts at its end names the same', async (t) => {
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

t.test('no date is later than that of the answer', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const file = await alice.put('x')
  regional.execute('update files set created_at = ?', new Date(Date.now() + 86_400_000).toISOString())
  const { headers } = await alice.get(`/download/${file.id}`)
  t.ok(Date.parse(String(headers['last-modified'])) <= Date.parse(String(headers['date'])))
})
