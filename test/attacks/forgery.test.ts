import t from 'tap'
import { resolved } from '../contract/fuzz-values.js'
import { operations } from '../support/contract-check.js'
import { fieldPart, filePart, formOf } from '../support/multipart.js'
import { cookieOf } from '../support/person.js'
import { openTestRegional, type TestRegional } from '../support/test-regional.js'

const ID = '01a207e2-48c0-7173-b83d-9c172411e20b'
const pathOf = (path: string) => path.replaceAll(/\{\w+\}/g, ID)

/** Every column of every table, and names with a meaning in JavaScript. */
function names(regional: TestRegional): string[] {
  const columns = regional.rows<{ name: string }>(
    `select distinct c.name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`,
  )
  const special = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'is_admin',
    'role',
    'scope',
    '$where',
  ]
  return [...columns.map(({ name }) => name), ...special]
}

/** Columns that the server changes without a request. */
const VOLATILE = ['last_used_at', 'name_number']

/** The database's other content. */
const snapshot = (regional: TestRegional) =>
  JSON.stringify(
    ['users', 'files', 'tokens', 'friend_requests'].map((table) => regional.rows(`select * from ${table}`)),
    (key, value) => (VOLATILE.includes(key) ? undefined : value),
  )

t.test('no operation accepts an undeclared property of any name', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const { id } = await alice.put('hello')
  const before = snapshot(regional)
  const valid: Record<string, object> = {
    registerUser: { username: 'mallory', email: 'm@example.com', password: 'correct horse battery' },
    loginUser: { identifier: 'alice', password: alice.password },
    updateMe: { email: 'm@example.com', current_password: alice.password },
    createToken: { name: 'x' },
    updateFile: { name: 'renamed' },
    requestFriend: { username: 'alice' },
  }
  const all = names(regional)
  for (const operation of operations.filter(({ jsonBody }) => jsonBody !== undefined)) {
    const declared = Object.keys(resolved(operation.jsonBody ?? {}).properties ?? {})
    const path = operation.path.replace('{file_id}', id)
    const body = JSON.stringify(valid[operation.id]).slice(0, -1)
    const headers = { 'content-type': 'application/json' }
    const accepted: string[] = []
    for (const name of all.filter((one) => !declared.includes(one))) {
      for (const value of ['1', '{"polluted":true}', '{"prototype":{"polluted":true}}']) {
        const { status } = await alice.ask(operation.method, path, {
          headers,
          body: `${body},"${name}":${value}}`,
        })
        if (status !== 400) accepted.push(`${name}: ${status}`)
      }
    }
    t.strictSame(accepted, [], `${operation.id} refuses all ${all.length} names`)
  }
  for (const name of all) {
    const form = formOf([fieldPart(name, '1'), filePart('a.bin', 'x')])
    const known = ['folder', 'visibility', 'sha256'].includes(name)
    const asked = { headers: { 'content-type': form.contentType }, body: form.body }
    if (!known) t.equal((await alice.ask('POST', '/upload', asked)).status, 400, `a field ${name}`)
    const query = `/files?${encodeURIComponent(name)}=1&${encodeURIComponent(name)}[polluted]=1`
    t.equal((await alice.get(query)).status, 400, `a parameter ${name}`)
  }
  t.equal(({} as { polluted?: boolean }).polluted, undefined, 'Object.prototype is not polluted')
  t.equal(snapshot(regional), before, 'the database is unchanged')
})

t.test('cross-site requests change nothing', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const before = snapshot(regional)
  const { host, port } = new URL(regional.url)
  const foreign: Record<string, string>[] = [
    'https://evil.example',
    'null',
    '',
    'file://',
    `http://${host}.evil.example`,
    `http://evil.example?${host}`,
    `http://evil.example#${host}`,
    `http://evil.example/${host}`,
    `http://${host}@evil.example`,
    `http://x${host}`,
    `http://127.0.0.1:${Number(port) + 1}`,
    'http://127.0.0.1',
    `http://localhost:${port}`,
    `ftp://${host}`,
  ].map((origin) => ({ origin }))
  foreign.push({ 'sec-fetch-site': 'cross-site' }, { origin: regional.url, 'sec-fetch-site': 'cross-site' })
  const changing = operations.filter(({ method }) => method !== 'GET' && method !== 'HEAD')
  for (const operation of changing) {
    const outcomes = new Set<string>()
    for (const headers of foreign)
      outcomes.add((await alice.ask(operation.method, pathOf(operation.path), { headers })).outcome)
    t.strictSame([...outcomes], ['403 cross-origin'], operation.id)
  }
  t.equal(snapshot(regional), before)
})

t.test('media types that an HTML form can send are not accepted as JSON', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const before = snapshot(regional)
  const types = [
    ...[
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/json',
      'text/plain; application/json',
    ],
    ...[
      'application/json-patch+json',
      'application/jsonx',
      'application/json,text/plain',
      'application/xml',
      ' ',
      'x',
    ],
  ]
  for (const operation of operations.filter(({ jsonBody }) => jsonBody !== undefined)) {
    for (const type of types) {
      const asked = { headers: { 'content-type': type }, body: '{"name":"x","username":"alice"}' }
      const { outcome } = await alice.ask(operation.method, pathOf(operation.path), asked)
      t.equal(outcome, '415 unsupported-media-type', `${operation.id} ${type}`)
    }
  }
  const odd = [
    'application/json; charset=utf-16',
    'application/json; charset=utf-7',
    'APPLICATION/JSON; a="b;c"',
  ]
  for (const type of odd) {
    const utf16 = Buffer.from('\ufeff{"name":"x"}', 'utf16le')
    const response = await alice.ask('POST', '/tokens', { headers: { 'content-type': type }, body: utf16 })
    t.equal(
      response.outcome,
      '400 malformed-json',
      `${type}: JSON is UTF-8 regardless of the charset parameter`,
    )
  }
  t.equal(snapshot(regional), before)
})

t.test('a login ignores a session secret chosen by somebody else (session fixation)', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const injected = 'x'.repeat(43)
  const logIn = (cookie: string) =>
    regional.nobody().ask('POST', '/login', {
      headers: { cookie },
      json: { identifier: 'alice', password: alice.password },
    })
  const first = cookieOf(await logIn(`syncsphere_session=${injected}`))
  const second = cookieOf(await logIn(`syncsphere_session=${first}`))
  t.equal(new Set([injected, first, second, alice.session]).size, 4, 'each login creates a new secret')
  const as = (cookie: string) => regional.nobody().ask('GET', '/me', { headers: { cookie } })
  t.equal((await as(`syncsphere_session=${injected}`)).outcome, '401 unauthenticated')
  t.equal((await as(`syncsphere_session=${second}`)).status, 200)
  const mallory = await regional.person('mallory')
  const both = await as(`syncsphere_session=${mallory.session}; syncsphere_session=${second}`)
  t.match(both.json, { username: /^(mallory|alice)$/ }, 'one of two cookies counts')
  for (const secret of [
    second.slice(0, -1),
    `${second}x`,
    second.toUpperCase(),
    `%20${second}`,
    '',
    '%00',
    `"${second}"x`,
  ])
    t.equal((await as(`syncsphere_session=${secret}`)).outcome, '401 unauthenticated', `"${secret}"`)
  const inUrl = await regional.nobody().get(`/me?syncsphere_session=${second}`)
  t.equal(inUrl.outcome, '401 unauthenticated', 'a secret in the URL is ignored')
})

t.test('the duration of a login does not reveal whether an account exists', async (t) => {
  const regional = await openTestRegional(t)
  const ROUNDS = 12
  for (let i = 0; i < ROUNDS; i += 1) await regional.person(`known-${i}`)
  const durationOf = async (identifier: string, i: number) => {
    const stranger = regional.nobody(`127.0.3.${i + 1}`)
    const start = performance.now()
    const { outcome } = await stranger.post('/login', { identifier, password: 'wrong password' })
    t.equal(outcome, '401 invalid-credentials')
    return performance.now() - start
  }
  const known: number[] = []
  const unknown: number[] = []
  for (let i = 0; i < ROUNDS; i += 1) {
    known.push(await durationOf(`known-${i}`, i))
    unknown.push(await durationOf(`unknown-${i}`, i))
  }
  const median = (times: number[]) => times.toSorted((a, b) => a - b)[ROUNDS / 2] as number
  const ratio = median(unknown) / median(known)
  t.comment(`known ${median(known).toFixed(1)} ms, unknown ${median(unknown).toFixed(1)} ms`)
  // Without a hash for unknown accounts the ratio would be a twentieth.
  t.ok(ratio > 0.5 && ratio < 2, `${ratio.toFixed(2)} of the time`)
})
