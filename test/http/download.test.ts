import { randomBytes } from 'node:crypto'
import t from 'tap'
import { sha256 } from '../support/person.js'
import { openTestRegional } from '../support/test-regional.js'

t.test('a download returns the exact bytes with all metadata headers', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  for (const size of [0, 1, 65_535, 65_536, 65_537, 1_048_575, 1_048_577]) {
    const bytes = randomBytes(size)
    const file = await alice.put(bytes, { name: `${size}.png`, mediaType: 'image/png' })
    const got = await alice.get(`/download/${file.id}`)
    t.equal(got.status, 200)
    t.ok(got.bytes.equals(bytes), `${size} bytes come back`)
    t.match(got.headers, {
      etag: `"${sha256(bytes)}"`,
      'content-length': String(size),
      'content-type': 'image/png',
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache, no-transform',
      'content-security-policy': /^sandbox;.*base-uri 'none'; frame-ancestors 'none'/,
      'content-disposition': `attachment; filename=${size}.png`,
      'repr-digest': `sha-256=:${Buffer.from(sha256(bytes), 'hex').toString('base64')}:`,
      'x-content-type-options': 'nosniff',
    })
    t.equal(new Date(String(got.headers['last-modified'])).getMilliseconds(), 0)
    const head = await alice.ask('HEAD', `/download/${file.id}`, { headers: { range: 'bytes=0-0' } })
    t.equal(head.status, 200, 'HEAD ignores Range')
    const {
      'x-request-id': _id,
      date: _date,
      'keep-alive': _alive,
      connection: _connection,
      ...same
    } = got.headers
    t.match(head.headers, same, 'HEAD has the headers of GET')
  }
})

t.test('ranges and preconditions follow RFC 9110', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const small = Buffer.from('0123456789')
  const large = randomBytes(200_000)
  const files = [
    { bytes: small, id: (await alice.put(small)).id },
    { bytes: large, id: (await alice.put(large)).id },
    { bytes: Buffer.alloc(0), id: (await alice.put('')).id },
  ] as const
  const etag = `"${sha256(small)}"`
  const modified = String((await alice.get(`/download/${files[0].id}`)).headers['last-modified'])
  const earlier = new Date(Date.parse(modified) - 1000).toUTCString()
  const later = new Date(Date.parse(modified) + 1000).toUTCString()
  const rfc850 = modified.replace(
    /^(\w{3}), (\d\d) (\w{3}) \d\d(\d\d) (.*)$/,
    (_all, _day, date, month, year, time) => {
      const weekday = new Date(modified).toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' })
      return `${weekday}, ${date}-${month}-${year} ${time}`
    },
  )

  const cases: [
    file: 0 | 1 | 2,
    headers: Record<string, string>,
    status: number,
    range?: [number, number],
  ][] = [
    // Ranges, section 14.
    [0, { range: 'bytes=0-3' }, 206, [0, 3]],
    [0, { range: 'bytes=4-' }, 206, [4, 9]],
    [0, { range: 'bytes=-3' }, 206, [7, 9]],
    [0, { range: 'bytes=-100' }, 206, [0, 9]],
    [0, { range: 'bytes=5-100' }, 206, [5, 9]],
    [0, { range: 'bytes=9-9' }, 206, [9, 9]],
    [0, { range: 'BYTES=0-3' }, 206, [0, 3]],
    [0, { range: 'bytes=0-3,4-6' }, 206, [0, 6]],
    [0, { range: 'bytes=0-0, 9-9' }, 200],
    [0, { range: 'bytes=10-' }, 416],
    [0, { range: 'bytes=99999999999999999999-' }, 416],
    [0, { range: 'bytes=-0' }, 416],
    [0, { range: 'bytes=3-2' }, 200],
    [0, { range: 'bytes=' }, 200],
    [0, { range: 'bytes=a-b' }, 200],
    [0, { range: 'bytes=1-2-3' }, 200],
    [0, { range: 'bytes=--1' }, 200],
    [0, { range: 'lines=0-3' }, 200],
    [0, { range: 'nonsense' }, 200],
    [1, { range: 'bytes=65535-65536' }, 206, [65_535, 65_536]],
    [1, { range: 'bytes=199999-' }, 206, [199_999, 199_999]],
    [1, { range: `bytes=${Array.from({ length: 300 }, (_, i) => `${i * 2}-${i * 2}`).join()}` }, 200],
    [2, { range: 'bytes=0-' }, 416],
    [2, { range: 'bytes=-5' }, 200],
    // If-Range, section 13.1.5.
    [0, { range: 'bytes=0-3', 'if-range': etag }, 206, [0, 3]],
    [0, { range: 'bytes=0-3', 'if-range': `W/${etag}` }, 200],
    [0, { range: 'bytes=0-3', 'if-range': '"other"' }, 200],
    [0, { range: 'bytes=0-3', 'if-range': modified }, 206, [0, 3]],
    [0, { range: 'bytes=0-3', 'if-range': earlier }, 200],
    [0, { range: 'bytes=0-3', 'if-range': later }, 200],
    [0, { range: 'bytes=0-3', 'if-range': 'nonsense' }, 200],
    [0, { range: 'bytes=10-', 'if-range': '"other"' }, 200],
    // If-None-Match, section 13.1.2: weak comparison.
    [0, { 'if-none-match': etag }, 304],
    [0, { 'if-none-match': `W/${etag}` }, 304],
    [0, { 'if-none-match': '*' }, 304],
    [0, { 'if-none-match': `"other", W/"third",${etag}` }, 304],
    [0, { 'if-none-match': '"other"' }, 200],
    [0, { 'if-none-match': etag.slice(1, -1) }, 200],
    [0, { 'if-none-match': etag, range: 'bytes=0-3' }, 304],
    [0, { 'if-none-match': '"other"', 'if-modified-since': later }, 200],
    // If-Modified-Since, section 13.1.3.
    [0, { 'if-modified-since': modified }, 304],
    [0, { 'if-modified-since': later }, 304],
    [0, { 'if-modified-since': earlier }, 200],
    [0, { 'if-modified-since': rfc850 }, 304],
    [0, { 'if-modified-since': '2099' }, 200],
    [0, { 'if-modified-since': 'nonsense 1' }, 200],
    // If-Match, section 13.1.1: strong comparison; If-Unmodified-Since, section 13.1.4.
    [0, { 'if-match': etag }, 200],
    [0, { 'if-match': '*' }, 200],
    [0, { 'if-match': `"other", ${etag}` }, 200],
    [0, { 'if-match': `W/${etag}` }, 412],
    [0, { 'if-match': '"other"' }, 412],
    [0, { 'if-match': '"other"', range: 'bytes=0-3' }, 412],
    [0, { 'if-unmodified-since': modified }, 200],
    [0, { 'if-unmodified-since': earlier }, 412],
    [0, { 'if-unmodified-since': '1970' }, 200],
    [0, { 'if-match': etag, 'if-unmodified-since': earlier }, 200],
    [0, { 'if-match': etag, 'if-none-match': etag }, 304],
  ]
  for (const [file, headers, status, range] of cases) {
    const { id, bytes } = files[file]
    const name = `${JSON.stringify(headers).slice(0, 80)} of ${bytes.length} bytes`
    const got = await alice.get(`/download/${id}`, headers)
    t.equal(got.status, status, name)
    if (status === 200) t.ok(got.bytes.equals(bytes), `${name}: whole`)
    if (range !== undefined && got.status === 206) {
      const [start, end] = range
      t.ok(got.bytes.equals(bytes.subarray(start, end + 1)), `${name}: the part`)
      t.equal(got.headers['content-range'], `bytes ${start}-${end}/${bytes.length}`)
      t.equal(got.headers['content-length'], String(end - start + 1))
    }
    if (status === 416) t.equal(got.headers['content-range'], `bytes */${bytes.length}`)
    if (status === 304) {
      t.equal(got.bytes.length, 0)
      t.match(got.headers, { etag, 'last-modified': modified, 'cache-control': 'private, no-cache' })
      t.notOk(
        got.headers['content-length'] ?? got.headers['content-type'],
        'a response without content has no representation headers',
      )
    }
  }
  for (const headers of [{ 'if-none-match': etag }, { 'if-match': '"other"' }] as Record<string, string>[]) {
    const get = await alice.get(`/download/${files[0].id}`, headers)
    const head = await alice.ask('HEAD', `/download/${files[0].id}`, { headers })
    t.equal(head.status, get.status, 'HEAD evaluates preconditions like GET')
  }
})

t.test('metadata has its own ETag, for If-None-Match and If-Match', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const { id } = await alice.put('x', { name: 'a' })
  const seen = await alice.get(`/files/${id}`)
  const etag = String(seen.headers['etag'])
  t.equal((await alice.get(`/files/${id}`, { 'if-none-match': etag })).status, 304)
  t.equal((await alice.get(`/files/${id}`, { 'if-none-match': `W/${etag}` })).status, 304)
  t.equal((await alice.get(`/files/${id}`, { 'if-none-match': '"other"' })).status, 200)
  t.equal(
    (await alice.patch(`/files/${id}`, { name: 'b' }, { 'if-match': '"other"' })).outcome,
    '412 precondition-failed',
  )
  const changed = await alice.patch(`/files/${id}`, { name: 'b' }, { 'if-match': etag })
  t.match(changed, { status: 200, json: { name: 'b' } })
  t.not(changed.headers['etag'], etag)
  const second = await alice.patch(`/files/${id}`, { name: 'c' }, { 'if-match': etag })
  t.equal(second.outcome, '412 precondition-failed', 'the tag is stale after another change')
  const both = await Promise.all(
    ['d', 'e'].map((name) =>
      alice.patch(`/files/${id}`, { name }, { 'if-match': String(changed.headers['etag']) }),
    ),
  )
  t.same(both.map(({ status }) => status).toSorted(), [200, 412], 'one of two concurrent changes succeeds')
})

t.test('an aborted download releases its file handle and memory', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const { id } = await alice.put(randomBytes(8 * 1024 * 1024))
  for (let i = 0; i < 20; i++) {
    const abort = new AbortController()
    const download = alice.ask('GET', `/download/${id}`, { signal: abort.signal })
    setTimeout(() => abort.abort(), i)
    await download.catch(() => undefined)
  }
  t.equal((await alice.get(`/download/${id}`)).bytes.length, 8 * 1024 * 1024)
  t.same(await regional.faults(), [])
})
