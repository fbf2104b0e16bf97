import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import t from 'tap'
import { createLogger } from '../../src/observability/logger.js'
import { rawConnection } from '../contract/raw-http.js'
import { fieldPart, filePart, formOf, type Part } from '../support/multipart.js'
import { type Person, sha256 } from '../support/person.js'
import { openTestRegional, type TestRegional } from '../support/test-regional.js'
import { until } from '../support/until.js'

t.test('names are stored and returned exactly as sent', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const names = [
    'שקיעה בחוף.jpg',
    '👩‍👩‍👧 family.png',
    'e\u0301 and \u00e9.txt',
    'a "quoted" name',
    "it's; semi, colon=1",
    'back\\slash',
    'C:\\temp\\x.txt',
    '.hidden',
    '...',
    ' leading and trailing ',
    '100%',
    '%20%41',
    'a\u200fb',
    'x'.repeat(255),
    'ש'.repeat(127),
    '"'.repeat(255),
    'constructor',
  ]
  for (const name of names) {
    const file = await alice.put('x', { name })
    t.equal(file.name, name)
    t.equal((await alice.get(`/files/${file.id}`)).json.name, name)
    const { headers } = await alice.get(`/download/${file.id}`)
    t.equal(nameOffered(String(headers['content-disposition'])), name, 'the download has the same name')
    const renamed = await alice.patch(`/files/${file.id}`, { name: 'other' })
    t.equal(renamed.json.name, 'other')
    t.equal((await alice.patch(`/files/${file.id}`, { name })).json.name, name)
  }
  const folder = '/תמונות/2026 "best"'
  const { id } = await alice.put('x', { folder })
  t.equal((await alice.get(`/files/${id}`)).json.folder, folder)
  t.same(await regional.faults(), [])
})

/** Parses Content-Disposition by RFC 6266 section 4.3 and RFC 8187. */
function nameOffered(header: string): string {
  const extended = /filename\*=UTF-8''([^;]+)/.exec(header)?.[1]
  if (extended !== undefined) return decodeURIComponent(extended)
  const quoted = /filename="((?:[^"\\]|\\.)*)"/.exec(header)?.[1]
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? /filename=([^;]+)/.exec(header)?.[1] ?? ''
}

t.test('file names are parsed in the variants of browsers, curl and other clients', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const cases: [disposition: string, name: string][] = [
    // Browsers and curl.
    ['name="file"; filename="foo\\"', 'foo\\'],
    ['name="file"; filename="a\\\\b"', 'a\\\\b'],
    ['name="file"; filename="report%0A.txt"', 'report%0A.txt'],
    ['name="file"; filename="a%22b%22"', 'a"b"'],
    ['name="file"; filename="50%25.txt"', '50%25.txt'],
    // Clients that escape a quote with a backslash, and clients that do not escape it.
    ['name="file"; filename="a\\"b.txt"', 'a\\"b.txt'],
    ['name="file"; filename="a;b.txt"', 'a;b.txt'],
    // .NET.
    ['name="file"; filename="=?utf-8?B?w6kudHh0?="; filename*=utf-8\'\'%C3%A9.txt', 'é.txt'],
    ['name=file; filename="=?utf-8?B?w6kudHh0?="; filename*=utf-8\'\'%C3%A9.txt', 'é.txt'],
    ["name=file; filename=plain.txt; filename*=UTF-8''50%2522.txt", '50%22.txt'],
    ["name=file; filename*=utf-8'en'a%2Fb; filename=plain.txt", 'a/b'],
    ['name=file; filename=plain.txt', 'plain.txt'],
    ['NAME="file" ;FileName = "x.txt"', 'x.txt'],
    ["name=file; filename=plain.txt; filename*=klingon''x", 'plain.txt'],
    ["name=file; filename=plain.txt; filename*=UTF-8''%FF", 'plain.txt'],
  ]
  for (const [disposition, name] of cases) {
    const { contentType, body } = formOf([
      { head: `Content-Disposition: form-data; ${disposition}`, body: 'x' },
    ])
    const { outcome, json } = await alice.ask('POST', '/upload', {
      headers: { 'content-type': contentType },
      body,
    })
    if (name.includes('/')) t.equal(outcome, '400 validation-failed', disposition)
    else t.equal(json.name, name, disposition)
  }
  const unreadable = [
    'name="file"; filename="a.txt"; filename="b.txt"',
    'name="file"; filename="a.txt',
    'name="file"; filename="a.txt" x',
    'name="file"; filename="caf\xe9.txt"',
    'name="f\xe9"; filename="a.txt"',
  ]
  for (const disposition of unreadable) {
    const head = Buffer.from(`Content-Disposition: form-data; ${disposition}`, 'latin1')
    const body = Buffer.concat([Buffer.from('--x\r\n'), head, Buffer.from('\r\n\r\nhello\r\n--x--\r\n')])
    const response = await alice.ask('POST', '/upload', {
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body,
    })
    t.match(response, {
      outcome: '400 validation-failed',
      json: { errors: [{ path: 'body', message: /UTF-8|malformed/ }] },
    })
  }
  const latin1 = [fieldPart('folder', ''), filePart('a.txt', 'x')]
  const { contentType, body } = formOf([
    { head: latin1[0]?.head ?? '', body: Buffer.from('/caf\xe9', 'latin1') },
    latin1[1] as Part,
  ])
  const response = await alice.ask('POST', '/upload', { headers: { 'content-type': contentType }, body })
  t.match(response.json, { errors: [{ path: 'body/folder', message: 'must be valid UTF-8' }] })
})

t.test('form fields can precede or follow the file', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  for (const bytes of [Buffer.from('small'), randomBytes(300_000)]) {
    const file = filePart('a.bin', bytes)
    const fields = [
      fieldPart('folder', '/photos'),
      fieldPart('visibility', 'friends'),
      fieldPart('sha256', sha256(bytes)),
    ]
    for (const parts of [
      [...fields, file],
      [file, ...fields],
      [fields[2] as Part, file, ...fields.slice(0, 2)],
    ]) {
      const { contentType, body } = formOf(parts)
      const { json } = await alice.ask('POST', '/upload', { headers: { 'content-type': contentType }, body })
      t.match(json, { name: 'a.bin', folder: '/photos', visibility: 'friends', sha256: sha256(bytes) })
    }
  }
  t.same(await regional.faults(), [])
})

t.test('blank form fields count as absent, before and after the file', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const file = filePart('a.bin', 'hello')
  const blank = ['folder', 'visibility', 'sha256'].map((name) => fieldPart(name, ''))
  for (const parts of [[...blank, file], [file, ...blank], ...blank.map((field) => [field, file])]) {
    const { contentType, body } = formOf(parts)
    const { status, json } = await alice.ask('POST', '/upload', {
      headers: { 'content-type': contentType },
      body,
    })
    t.match({ status, json }, { status: 201, json: { folder: '/', visibility: 'private' } })
  }
  t.same(await regional.faults(), [])
})

t.test('a folder in NFC and the same folder in NFD are equal', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const [nfc, nfd] = await Promise.all(
    ['/caf\u00e9', '/cafe\u0301'].map((folder) => alice.put('x', { folder })),
  )
  const shown = await Promise.all([nfc, nfd].map((file) => alice.get(`/files/${file?.id}`)))
  t.same(
    shown.map(({ json }) => json.folder),
    ['/caf\u00e9', '/caf\u00e9'],
  )
  for (const folder of ['/caf\u00e9', '/cafe\u0301']) {
    const { json } = await alice.get(`/files?folder=${encodeURIComponent(folder)}`)
    t.equal(json.items.length, 2)
  }
})

t.test('invalid file and folder names are refused', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const { id } = await alice.put('x', { name: 'x' })
  const names = [
    '',
    '.',
    '..',
    'a/b',
    '/etc/passwd',
    '../x',
    'a\0b',
    '\x7f',
    'a\u0085b',
    'x'.repeat(256),
    'ש'.repeat(128),
  ]
  for (const name of names) {
    t.equal((await alice.upload('x', { name })).outcome, '400 validation-failed', JSON.stringify(name))
    t.equal(
      (await alice.patch(`/files/${id}`, { name })).outcome,
      '400 validation-failed',
      JSON.stringify(name),
    )
  }
  const lone = await alice.ask('PATCH', `/files/${id}`, {
    body: '{"name":"\\ud800"}',
    headers: { 'content-type': 'application/json' },
  })
  t.equal(lone.outcome, '400 malformed-json')
  t.equal((await alice.patch(`/files/${id}`, { folder: '' })).outcome, '400 validation-failed')
  for (const folder of [
    'x',
    '/x/',
    '//',
    '/a//b',
    '/..',
    '/a/./b',
    '/a\0',
    `/${'x'.repeat(256)}`,
    `${'/x'.repeat(513)}`,
  ]) {
    t.equal((await alice.upload('x', { folder })).outcome, '400 validation-failed', `folder ${folder}`)
    t.equal(
      (await alice.patch(`/files/${id}`, { folder })).outcome,
      '400 validation-failed',
      `folder ${folder}`,
    )
  }
  t.equal(await alice.usedStorage(), 1)
  t.same(await regional.faults(), [])
})

t.test('an invalid form is refused, and leaves nothing', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const file = filePart('a.bin', 'hello')
  const disposition = 'Content-Disposition: form-data'
  const forms: [name: string, parts: Part[], outcome?: string][] = [
    ['no parts', []],
    ['no file', [fieldPart('folder', '/')]],
    ['a wrong value after the file', [file, fieldPart('visibility', 'all')]],
    ['a repeated field on both sides', [fieldPart('folder', '/a'), file, fieldPart('folder', '/b')]],
    ['a wrong checksum after the file', [file, fieldPart('sha256', '0'.repeat(64))], '400 checksum-mismatch'],
    ['two files', [file, file]],
    ['an unknown field', [fieldPart('owner_id', 'x'), file]],
    ['a field of the prototype', [fieldPart('__proto__', 'x'), file]],
    ['another one', [fieldPart('constructor', 'x'), file]],
    ['a repeated blank field', [fieldPart('folder', ''), fieldPart('folder', '/b'), file]],
    ['a repeated field', [fieldPart('folder', '/a'), fieldPart('folder', '/b'), file]],
    ['a wrong value', [fieldPart('visibility', 'all'), file]],
    ['a checksum that is none', [fieldPart('sha256', 'xyz'), file]],
    ['a wrong checksum', [fieldPart('sha256', '0'.repeat(64)), file], '400 checksum-mismatch'],
    ['a field too long', [fieldPart('folder', `/${'x'.repeat(10_000)}`), file]],
    ['a file of another name', [{ head: `${disposition}; name="other"; filename="x"`, body: 'x' }]],
    ['a file of the prototype', [{ head: `${disposition}; name="__proto__"; filename="x"`, body: 'x' }]],
    ['a file without a file name', [{ head: `${disposition}; name="file"`, body: 'x' }]],
    [
      'bytes without a file name',
      [{ head: `${disposition}; name="file"\r\nContent-Type: application/octet-stream`, body: 'x' }],
    ],
    ['a file with an empty name', [{ head: `${disposition}; name="file"; filename=""`, body: 'x' }]],
    ['a file without a field name', [{ head: `${disposition}; filename="x"`, body: 'x' }]],
    ['a part without a disposition', [{ head: 'Content-Type: text/plain', body: 'x' }]],
    [
      'a JSON field',
      [{ head: `${disposition}; name="folder"\r\nContent-Type: application/json`, body: '{"a":1}' }, file],
    ],
    [
      'a malformed JSON field',
      [{ head: `${disposition}; name="folder"\r\nContent-Type: application/json`, body: '{' }, file],
    ],
    [
      'a name in an unknown charset',
      [{ head: `${disposition}; name="file"; filename*=klingon''x%FF`, body: 'x' }],
    ],
    ['very many fields', [...Array.from({ length: 50 }, (_, i) => fieldPart(`f${i}`, 'x')), file]],
    ['many empty parts', Array.from({ length: 50 }, () => fieldPart('folder', '/'))],
    [
      'a header too long',
      [{ head: `${disposition}; name="file"; filename="${'x'.repeat(100_000)}"`, body: 'x' }],
    ],
  ]
  for (const [name, parts, outcome = '400 validation-failed'] of forms) {
    const { contentType, body } = formOf(parts)
    const response = await alice.ask('POST', '/upload', { headers: { 'content-type': contentType }, body })
    t.equal(response.outcome, outcome, name)
  }
  const { boundary, contentType, body } = formOf([file])
  const bodies: [name: string, contentType: string, body: Buffer, outcome?: string][] = [
    ['no boundary in the header', 'multipart/form-data', body],
    ['an empty boundary', 'multipart/form-data; boundary=', body],
    ['another boundary', 'multipart/form-data; boundary=other', body],
    ['no closing boundary', contentType, body.subarray(0, -(boundary.length + 8))],
    ['cut in the middle of a header', contentType, body.subarray(0, boundary.length + 20)],
    ['nothing at all', contentType, Buffer.alloc(0)],
    ['many parts that are none', contentType, Buffer.from(`--${boundary}\r\n`.repeat(12_000))],
    [
      'a part without the empty line after its header',
      contentType,
      Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="folder"\r\n`),
        body,
      ]),
    ],
    [
      'a header of which a part could be lost',
      contentType,
      Buffer.from(
        `--${boundary}\r\nX: ${'x'.repeat(16_000)}\r\nContent-Disposition: form-data; name="file"; filename="${'y'.repeat(400)}"\r\n\r\nx\r\n--${boundary}--\r\n`,
      ),
    ],
    ['an unknown charset', `${contentType}; charset=klingon`, body, '201'],
    ['a boundary in quotes', `multipart/form-data; boundary="${boundary}"`, body, '201'],
    ['another media type', 'multipart/mixed; boundary=x', body, '415 unsupported-media-type'],
    [
      'text before and after the form',
      contentType,
      Buffer.concat([Buffer.from('preamble\r\n'), body, Buffer.from('epilogue')]),
      '201',
    ],
  ]
  for (const [name, type, bytes, outcome = '400 validation-failed'] of bodies) {
    const response = await alice.ask('POST', '/upload', { headers: { 'content-type': type }, body: bytes })
    t.equal(response.outcome, outcome, name)
  }
  const headers = { 'content-type': contentType, 'content-length': '0' }
  const empty = await alice.ask('POST', '/upload', { headers })
  t.match(empty.json, { detail: /the body is empty/ })
  t.equal(await alice.usedStorage(), 15, 'only the valid forms')
  await until('all temporary state is removed', async () => (await regional.faults()).length === 0)
})

t.test('many bytes after a form are refused, and the request is logged', async (t) => {
  const lines: string[] = []
  const stream = { write: (line: string) => void lines.push(line) }
  const logger = createLogger({ level: 'info', server: 'eu', stream })
  const regional = await openTestRegional(t, {}, { logger })
  const alice = await regional.person('alice')
  const { contentType, body } = formOf([filePart('a.bin', 'hello')])
  for (const size of [100, 70_000, 200_000, 1_000_000]) {
    const much = Buffer.concat([body, Buffer.alloc(size)])
    const { status } = await alice.ask('POST', '/upload', {
      headers: { 'content-type': contentType },
      body: much,
    })
    t.ok(size < 65_536 ? status === 201 : [201, 400].includes(status), `${size}: ${status}`)
  }
  t.equal((await alice.get('/health')).status, 200)
  t.match(lines.at(-1), '"path":"/upload"')
})

t.test('an upload returns the complete metadata', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const bytes = randomBytes(100_000)
  const made = await alice.upload(bytes, {
    name: 'photo.jpg',
    mediaType: 'image/jpeg; q=1',
    folder: '/photos',
    visibility: 'friends',
    sha256: sha256(bytes),
  })
  t.match(made, {
    status: 201,
    headers: { location: `/files/${made.json.id}`, etag: /^".+"$/ },
    json: {
      name: 'photo.jpg',
      size: 100_000,
      folder: '/photos',
      visibility: 'friends',
      sha256: sha256(bytes),
      media_type: 'image/jpeg; q=1',
      available: true,
      stored_on: ['eu'],
      owner: { id: alice.id, username: 'alice' },
    },
  })
  for (const [mediaType, expected] of [
    ['nonsense', 'application/octet-stream'],
    [`text/${'x'.repeat(1000)}`, 'application/octet-stream'],
    ['Text/Plain; charset=Windows-1255', 'text/plain; charset=Windows-1255'],
    ['', 'application/octet-stream'],
  ] as const) {
    const { json } = await alice.upload('x', { mediaType })
    t.equal(json.media_type, expected)
  }
  t.equal((await alice.ask('POST', '/upload?min_copies=1', formAsked('x'))).status, 201)
  t.same(await regional.faults(), [])
})

const formAsked = (bytes: Buffer | string) => {
  const { contentType, body } = formOf([filePart('a.bin', bytes)])
  return { headers: { 'content-type': contentType }, body }
}

t.test('fifty uploads at once fill the quota to the last byte and never exceed it', async (t) => {
  const size = 70_000
  const regional = await openTestRegional(t, { storageQuotaBytes: 20 * size })
  const alice = await regional.person('alice')
  const responses = await Promise.all(Array.from({ length: 50 }, () => alice.upload(randomBytes(size))))
  const outcomes = responses.map(({ outcome }) => outcome)
  t.equal(outcomes.filter((outcome) => outcome === '201').length, 20, 'exactly the uploads that fit succeed')
  t.equal(outcomes.filter((outcome) => outcome === '507 quota-exceeded').length, 30)
  const refused = responses.find(({ status }) => status === 507)
  t.match(refused?.json, { quota: 20 * size, used: Number, reserved: Number, required: Number })
  t.equal(await alice.usedStorage(), 20 * size)
  t.equal((await alice.upload('x')).outcome, '507 quota-exceeded', 'one more byte is refused')
  t.equal((await alice.upload('')).status, 201, 'an empty file fits')
  const { items } = (await alice.get('/files?sort=-size&limit=1')).json
  t.equal((await alice.delete(`/files/${items[0].id}`)).status, 204)
  t.equal(await alice.usedStorage(), 19 * size, 'deleting a file frees its storage at once')
  t.equal((await alice.upload(randomBytes(size))).status, 201)
  await until('all temporary state is removed', async () => (await regional.faults()).length === 0)
})

t.test('uploads without a length that share the last bytes never exceed the quota', async (t) => {
  const regional = await openTestRegional(t, { storageQuotaBytes: 300_000 })
  const alice = await regional.person('alice')
  const responses = await Promise.all(
    Array.from({ length: 12 }, () => {
      const { contentType, body } = formOf([filePart('a', randomBytes(100_000))])
      const pieces = Array.from({ length: Math.ceil(body.length / 9000) }, (_, i) =>
        body.subarray(i * 9000, (i + 1) * 9000),
      )
      return alice.ask('POST', '/upload', {
        headers: { 'content-type': contentType },
        body: Readable.from(pieces),
      })
    }),
  )
  const accepted = responses.filter(({ status }) => status === 201).length
  t.ok(accepted <= 3, `${accepted} of 12 uploads succeed`)
  t.equal(await alice.usedStorage(), accepted * 100_000)
  for (let i = accepted; i < 3; i++)
    t.equal(
      (await alice.upload(randomBytes(100_000))).status,
      201,
      'failed uploads release their reservations',
    )
  await until('all temporary state is removed', async () => (await regional.faults()).length === 0)
})

async function brokenUpload(
  regional: TestRegional,
  alice: Person,
  declared: number,
  sent: number,
): Promise<void> {
  using connection = await rawConnection(regional.url)
  const form = formOf([filePart('a', Buffer.alloc(sent))])
  const head = `POST /upload HTTP/1.1\r\nHost: x\r\nCookie: syncsphere_session=${alice.session}\r\n`
  connection.send(`${head}Content-Type: ${form.contentType}\r\nContent-Length: ${declared}\r\n\r\n`)
  connection.send(form.body.subarray(0, sent))
  await until(
    'the content is arriving',
    () => connection.socket.bytesWritten >= sent && connection.socket.writableLength === 0,
  )
}

t.test('an aborted upload releases its reservation and leaves nothing', async (t) => {
  const regional = await openTestRegional(t, { storageQuotaBytes: 4_000_000 })
  const alice = await regional.person('alice')
  for (const sent of [10, 1000, 100_000, 3_000_000]) await brokenUpload(regional, alice, 3_500_000, sent)
  await until('the reservation is released', async () => {
    const response = await alice.upload(randomBytes(3_900_000))
    return response.status === 201
  })
  t.equal(await alice.usedStorage(), 3_900_000)
  await until('all temporary state is removed', async () => (await regional.faults()).length === 0)
})

t.test('an upload that exceeds a limit is refused before 100 Continue', async (t) => {
  const regional = await openTestRegional(t, { storageQuotaBytes: 1_000_000, maxFileSizeBytes: 50_000_000 })
  const alice = await regional.person('alice')
  const ask = async (length: number, extra = '') => {
    const connection = await rawConnection(regional.url)
    connection.send(
      `POST /upload HTTP/1.1\r\nHost: x\r\nCookie: syncsphere_session=${alice.session}\r\n${extra}` +
        `Content-Type: multipart/form-data; boundary=x\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`,
    )
    return connection
  }
  using tooMuch = await ask(2_000_000)
  t.match(await tooMuch.rest(), /^HTTP\/1.1 507 .*quota-exceeded/s)
  using tooLarge = await ask(60_000_000)
  t.match(await tooLarge.rest(), /^HTTP\/1.1 413 .*file-too-large/s)
  using fits = await ask(500_000)
  t.match(await fits.until(/\r\n\r\n/), /^HTTP\/1.1 100 Continue\r\n\r\n$/)
  using foreign = await ask(500_000, 'Origin: https://evil.example\r\n')
  t.match(await foreign.rest(), /^HTTP\/1.1 403 .*cross-origin/s)
})

t.test('a file above the size limit is refused, with and without Content-Length', async (t) => {
  const regional = await openTestRegional(t, { maxFileSizeBytes: 200_000 })
  const alice = await regional.person('alice')
  t.equal((await alice.upload(Buffer.alloc(200_001))).outcome, '413 file-too-large')
  t.equal((await alice.upload(Buffer.alloc(200_000))).status, 201)
  const { contentType, body } = formOf([filePart('a', Buffer.alloc(400_000))])
  const chunked = await alice.ask('POST', '/upload', {
    headers: { 'content-type': contentType },
    body: Readable.from([body]),
  })
  t.equal(chunked.outcome, '413 file-too-large')
  t.equal(await alice.usedStorage(), 200_000)
  await until('all temporary state is removed', async () => (await regional.faults()).length === 0)
})

t.test('an upload gets 202 if its file is deleted while it waits for replicas', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const { contentType, body } = formOf([filePart('short-lived.bin', 'hello')])
  const headers = { 'content-type': contentType }
  const waiting = alice.ask('POST', '/upload?min_copies=2', { body, headers })
  let id: string | undefined
  await until('the file exists', async () => {
    id = (await alice.get('/files')).json.items[0]?.id
    return id !== undefined
  })
  t.equal((await alice.delete(`/files/${id}`)).status, 204)
  t.match(await waiting, { outcome: '202', json: { id } })
})
