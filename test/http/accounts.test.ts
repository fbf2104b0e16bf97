import t from 'tap'
import { cookieOf } from '../support/person.js'
import { openTestRegional } from '../support/test-regional.js'
import { until } from '../support/until.js'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

t.test('registration accepts names of every script and valid emails, and trims spaces', async (t) => {
  const regional = await openTestRegional(t)
  const nobody = regional.nobody()
  const password = 'correct horse battery'
  const register = (username: string, email: string) =>
    nobody.post('/register', { username, email, password })
  const people = [
    ['हिन्दी', 'dana@localhost'],
    ['தமிழ்', 'dana@nas'],
    ['ชื่อ', 'δάνα@bücher.example'],
    ['שָׁלוֹם', "o'neil+x@example.org"],
    [' noam ', ' noam@example.org '],
  ] as const
  for (const [username, email] of people) {
    const made = await register(username, email)
    t.match(made, {
      status: 201,
      json: { username: username.trim().normalize('NFKC'), email: email.trim() },
    })
    for (const identifier of [` ${username} `, `\t${email}\n`])
      t.equal((await nobody.post('/login', { identifier, password })).status, 200, JSON.stringify(identifier))
  }
  for (const username of ['\u3164\u3164\u3164', 'noam\u3164', 'nоam', '\u05b8abc'])
    t.match(await register(username, 'x@example.org'), {
      status: 400,
      json: { errors: [{ path: 'body/username' }] },
    })
  for (const email of ['x', '@nas', 'x@', 'x y@nas', 'x@-nas'])
    t.match(await register('somebody', email), { status: 400, json: { errors: [{ path: 'body/email' }] } })
  const alice = await regional.person('alice')
  t.match(await alice.post('/friends/request', { username: '  NOAM ' }), { status: 201 })
})

t.test('all spellings of a name that fold alike are one account', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('Alice')
  t.equal((await alice.get('/me')).json.username, 'Alice', 'the name keeps its original case')
  const nobody = regional.nobody()
  const register = (username: string, email: string) =>
    nobody.post('/register', { username, email, password: 'correct horse battery' })
  for (const same of ['alice', 'ALICE', 'ａｌｉｃｅ', 'aLıce'.replace('ı', 'i')]) {
    t.equal((await register(same, 'other@example.com')).outcome, '409 username-taken', same)
    const login = await nobody.post('/login', { identifier: same, password: alice.password })
    t.equal(login.status, 200, `${same} logs in`)
  }
  t.equal((await register('alice2', 'ALICE@example.com')).outcome, '409 email-taken')
  t.equal((await register('Straße', 'a@example.com')).status, 201)
  t.equal((await register('STRASSE', 'b@example.com')).outcome, '409 username-taken')
  for (const bad of ['ab', 'x'.repeat(33), 'a b', 'a/b', 'a~b', 'a@b', '', 'a\u200db', '🙂🙂🙂'])
    t.equal((await register(bad, 'c@example.com')).outcome, '400 validation-failed', JSON.stringify(bad))
  const both = await Promise.all([register('dora', 'd1@example.com'), register('DORA', 'd2@example.com')])
  t.same(
    both.map(({ outcome }) => outcome).toSorted(),
    ['201', '409 username-taken'],
    'one of two concurrent registrations succeeds',
  )
})

t.test(
  "a session's secret is only in its cookie, and the session can be listed, ended and expires",
  async (t) => {
    const regional = await openTestRegional(t)
    const alice = await regional.person('alice')
    const login = async (remember_me?: boolean) =>
      regional.nobody().post('/login', {
        identifier: 'alice@example.com',
        password: alice.password,
        ...(remember_me !== undefined && { remember_me }),
      })
    const short = await login()
    t.match(short.headers['set-cookie'], /^syncsphere_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
    const long = await login(true)
    t.match(long.headers['set-cookie'], /; Max-Age=604800;/, 'seven days')
    const days = (Date.parse(long.json.expires_at) - Date.now()) / 86_400_000
    t.ok(days > 6.99 && days <= 7)
    regional.pass(5 * MINUTE_MS)
    t.match(
      (await login(true)).headers['set-cookie'],
      /; Max-Age=604800;/,
      'a clock change does not affect Max-Age',
    )

    const stored = JSON.stringify(regional.rows('select * from sessions'))
    for (const response of [short, long])
      t.notMatch(stored, cookieOf(response), 'the database does not contain the secret')
    const outbox = JSON.stringify(regional.rows('select * from outbox'))
    t.notMatch(outbox, cookieOf(short))
    t.notMatch(outbox, alice.password)
    t.match(outbox, /\$argon2id\$v=19\$m=19456,/)

    const { items } = (await alice.get('/sessions')).json
    t.equal(items.length, 4)
    t.equal(items.filter((session: { current: boolean }) => session.current).length, 1)
    const other = regional.nobody().as({ cookie: `syncsphere_session=${cookieOf(short)}` })
    t.equal((await other.get('/me')).status, 200)
    const otherId = (await other.get('/sessions')).json.items.find(
      (one: { current: boolean }) => one.current,
    ).id
    t.equal((await alice.delete(`/sessions/${otherId}`)).status, 204)
    t.equal((await other.get('/me')).outcome, '401 unauthenticated')
    t.equal((await alice.delete(`/sessions/${otherId}`)).outcome, '404 session-not-found')
    const bob = await regional.person('bob')
    const mine = items.find((session: { current: boolean }) => session.current).id
    t.equal(
      (await bob.delete(`/sessions/${mine}`)).outcome,
      '404 session-not-found',
      "a user cannot end another user's session",
    )
    regional.pass(13 * 60 * MINUTE_MS)
    t.equal(
      (await alice.get('/me')).outcome,
      '401 unauthenticated',
      'a session without remember_me ends after half a day',
    )
    const remembered = regional.nobody().as({ cookie: `syncsphere_session=${cookieOf(long)}` })
    t.equal((await remembered.get('/me')).status, 200)
    const out = await remembered.ask('POST', '/logout')
    t.match(out, { status: 204, headers: { 'set-cookie': /syncsphere_session=; Max-Age=0/ } })
    t.equal((await remembered.get('/me')).outcome, '401 unauthenticated')
  },
)

t.test('a new password ends the other sessions and replaces the old password', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const phone = regional.stranger('alice')
  await phone.logIn()
  const token = await alice.token('write')
  const change = { new_password: 'paper boat on the river', current_password: alice.password }
  t.equal(
    (await alice.patch('/me', { ...change, current_password: 'wrong password' })).outcome,
    '403 wrong-password',
  )
  t.equal((await alice.patch('/me', change)).status, 200)
  t.equal((await alice.get('/me')).status, 200, 'the session of the request stays valid')
  t.equal((await phone.get('/me')).outcome, '401 unauthenticated')
  t.equal((await alice.get('/sessions')).json.items.length, 1)
  t.equal((await alice.as({ authorization: `Bearer ${token}` }).get('/me')).status, 200, 'tokens stay valid')
  const login = (password: string) => regional.nobody().post('/login', { identifier: 'alice', password })
  t.equal((await login(alice.password)).outcome, '401 invalid-credentials')
  t.equal((await login('paper boat on the river')).status, 200)
  await regional.restart()
  t.equal(
    (await phone.get('/me')).outcome,
    '401 unauthenticated',
    'the session is still invalid after a restart',
  )

  await regional.person('bob')
  const email = (value: string) => alice.patch('/me', { email: value, current_password: change.new_password })
  t.equal((await email('bob@EXAMPLE.com')).outcome, '409 email-taken')
  t.match(await email('new@example.com'), { status: 200, json: { email: 'new@example.com' } })
  t.equal(
    (await regional.nobody().post('/login', { identifier: 'new@example.com', password: change.new_password }))
      .status,
    200,
  )
  t.same(await regional.faults(), [])
})

t.test('five wrong passwords block the account for that address only', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice', '127.0.0.9')
  const login = async (password: string, address = '127.0.0.1', identifier = 'alice') =>
    regional.nobody(address).post('/login', { identifier, password })
  for (const identifier of ['alice', 'ALICE', 'alice@example.com', 'alice', 'alice'])
    t.equal((await login('wrong password', undefined, identifier)).outcome, '401 invalid-credentials')
  const refused = await login(alice.password)
  t.equal(refused.outcome, '429 too-many-attempts', 'the correct password is refused too')
  t.ok(Number(refused.headers['retry-after']) > 14 * 60)
  t.ok(Number(refused.headers['retry-after']) <= 15 * 60)
  t.equal(
    (await login(alice.password, '127.0.0.2')).status,
    200,
    'the correct password works from another address',
  )
  await regional.restart()
  t.equal((await login(alice.password)).outcome, '429 too-many-attempts', 'the block survives a restart')
  regional.pass(14 * MINUTE_MS)
  t.equal((await login(alice.password)).outcome, '429 too-many-attempts')
  regional.pass(2 * MINUTE_MS)
  t.equal((await login(alice.password)).status, 200)
  t.equal(
    (await login('wrong password')).outcome,
    '401 invalid-credentials',
    'a successful login resets the count',
  )
})

t.test('two concurrent logouts both leave the session ended', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  for (const end of [() => alice.post('/logout'), () => alice.delete('/me')]) {
    await alice.logIn()
    const outcomes = await Promise.all([end(), alice.post('/logout'), alice.post('/logout')])
    for (const { outcome } of outcomes) t.match(outcome, /^(204|401 unauthenticated)$/)
  }
})

t.test('a Content-Type without a body is ignored', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const json = { headers: { 'content-type': 'application/json', 'content-length': '0' } }
  t.equal((await alice.ask('POST', '/upload', json)).outcome, '400 validation-failed')
  t.equal((await alice.ask('POST', '/login', json)).outcome, '400 malformed-json')
  t.equal((await alice.ask('POST', '/logout', json)).outcome, '204')
})

t.test('concurrent wrong passwords count like successive ones', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice', '127.0.0.9')
  const nobody = regional.nobody()
  const guesses = Array.from({ length: 20 }, (_, i) =>
    nobody.post('/login', { identifier: 'alice', password: `guess ${i}` }),
  )
  const outcomes = (await Promise.all(guesses)).map(({ outcome }) => outcome)
  t.equal(outcomes.filter((outcome) => outcome === '401 invalid-credentials').length, 5)
  t.equal(outcomes.filter((outcome) => outcome === '429 too-many-attempts').length, 15)
  const changes = Array.from({ length: 10 }, (_, i) =>
    alice.patch('/me', { new_password: 'x'.repeat(20), current_password: `guess ${i}` }),
  )
  const refused = (await Promise.all(changes)).map(({ outcome }) => outcome)
  t.equal(
    refused.filter((outcome) => outcome === '403 wrong-password').length,
    5,
    'the limit applies to password changes too',
  )
  t.equal(refused.filter((outcome) => outcome === '429 too-many-attempts').length, 5)
})

t.test('an address with failed logins for many accounts is blocked for all accounts', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice', '127.0.0.9')
  const nobody = regional.nobody('127.0.0.3')
  const guesses = Array.from({ length: 60 }, (_, i) =>
    nobody.post('/login', { identifier: `user-${i}`, password: 'x' }),
  )
  const outcomes = (await Promise.all(guesses)).map(({ outcome }) => outcome)
  t.equal(
    outcomes.filter((outcome) => outcome === '401 invalid-credentials').length,
    50,
    'concurrent attempts count too',
  )
  const right = { identifier: 'alice', password: alice.password }
  t.equal((await nobody.post('/login', right)).outcome, '429 too-many-attempts')
  t.equal((await regional.nobody('127.0.0.4').post('/login', right)).status, 200)
})

t.test('the login response does not reveal whether an account exists', async (t) => {
  const regional = await openTestRegional(t)
  await regional.person('alice', '127.0.0.9')
  for (const password of ['wrong password', 'x']) {
    const known = await regional.nobody().post('/login', { identifier: 'alice', password })
    const unknown = await regional.nobody().post('/login', { identifier: 'nobody', password })
    t.equal(known.status, unknown.status)
    t.same({ ...known.json, request_id: '' }, { ...unknown.json, request_id: '' })
    t.same(Object.keys(known.headers), Object.keys(unknown.headers))
    t.equal(known.headers['content-length'], unknown.headers['content-length'])
  }
  for (let i = 0; i < 3; i++)
    for (const identifier of ['alice', 'nobody'])
      await regional.nobody().post('/login', { identifier, password: 'x' })
  for (const identifier of ['alice', 'nobody']) {
    const throttled = await regional.nobody().post('/login', { identifier, password: 'x' })
    t.equal(throttled.outcome, '429 too-many-attempts', identifier)
  }
})

t.test('a token works within its scope until it expires or is revoked', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const made = await alice.post('/tokens', { name: 'nightly', scope: 'write', expires_in_days: 2 })
  const { token, id } = made.json
  t.match(token, /^[\w-]{43}$/)
  t.notMatch(JSON.stringify(regional.rows('select * from tokens')), token)
  const program = alice.as({ authorization: `Bearer ${token}` })
  t.equal((await program.get('/me')).status, 200)
  const reader = alice.as({ authorization: `Bearer ${await alice.token('read')}` })
  t.equal((await reader.get('/files')).status, 200)
  t.equal((await reader.post('/tokens', { name: 'more', scope: 'write' })).outcome, '403 insufficient-scope')
  t.equal((await alice.get('/tokens')).json.items.length, 2)
  t.notMatch(JSON.stringify((await alice.get('/tokens')).json), token)
  regional.pass(3 * 24 * 60 * MINUTE_MS)
  t.equal((await program.get('/me')).outcome, '401 unauthenticated', 'the token has expired')
  t.equal((await reader.get('/me')).status, 200)
  await alice.logIn()
  const { items } = (await alice.get('/tokens')).json
  t.equal(items.length, 1)
  t.equal((await alice.delete(`/tokens/${items[0].id}`)).status, 204)
  t.equal((await reader.get('/me')).outcome, '401 unauthenticated')
  t.equal((await alice.delete(`/tokens/${items[0].id}`)).outcome, '404 token-not-found')
  t.equal((await (await regional.person('bob')).delete(`/tokens/${id}`)).outcome, '404 token-not-found')
  const self = alice.as({ authorization: `Bearer ${await alice.token('write')}` })
  t.equal((await self.ask('POST', '/logout')).status, 204, 'POST /logout revokes the token of the request')
  t.equal((await self.get('/me')).outcome, '401 unauthenticated')
  const many = await Promise.all(
    Array.from({ length: 105 }, (_, i) => alice.post('/tokens', { name: `${i}` })),
  )
  t.equal(many.filter(({ status }) => status === 201).length, 100)
  t.equal(many.filter(({ outcome }) => outcome === '409 too-many-tokens').length, 5)
})

t.test('Basic accepts a token of the named account, and no password', async (t) => {
  const regional = await openTestRegional(t)
  const [alice, bob] = [await regional.person('alice'), await regional.person('bob')]
  const token = await alice.token('read')
  const basic = (username: string, password: string) =>
    alice.as({ authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` })
  t.match(await basic('ALICE', token).get('/me'), { status: 200, json: { username: 'alice' } })
  t.equal((await basic('bob', token).get('/me')).outcome, '401 unauthenticated')
  for (let guess = 0; guess < 10; guess += 1) {
    const { outcome, headers } = await basic('alice', alice.password).get('/me')
    t.equal(outcome, '401 unauthenticated')
    t.equal(headers['www-authenticate'], 'Bearer', 'the challenge opens no browser dialog')
  }
  await alice.logIn()
  const proxied = bob.as({
    ...bob.headers,
    authorization: basic('alice', token).headers['authorization'] ?? '',
  })
  t.match(await proxied.get('/me'), { json: { username: 'bob' } }, 'a session takes precedence over Basic')
})

t.test('deleting an account closes it, and erases it with its name after the grace', async (t) => {
  const regional = await openTestRegional(t, {}, { timing: { garbageMs: 100 } })
  const [alice, bob] = [await regional.person('alice'), await regional.person('bob')]
  await alice.befriend(bob)
  const shown = await alice.put('public', { visibility: 'public' })
  const large = await alice.put(Buffer.alloc(200_000), { visibility: 'friends' })
  const carol = await regional.person('carol')
  await alice.post('/friends/request', { username: 'carol' })
  const token = await alice.token('write')
  regional.pass(11 * MINUTE_MS)
  t.equal(
    (await alice.delete('/me')).outcome,
    '403 reauthentication-required',
    'an old session cannot delete the account',
  )
  const program = alice.as({ authorization: `Bearer ${token}` })
  t.equal((await program.delete('/me')).outcome, '403 session-required', 'a token cannot delete the account')
  await alice.logIn()
  t.match(await alice.delete('/me'), { status: 204, headers: { 'set-cookie': /Max-Age=0/ } })
  for (const client of [alice, program]) t.equal((await client.get('/me')).outcome, '401 unauthenticated')
  const login = await regional.nobody().post('/login', { identifier: 'alice', password: alice.password })
  t.equal(login.outcome, '403 account-closed')
  const guess = await regional.nobody().post('/login', { identifier: 'alice', password: 'a wrong one' })
  t.equal(guess.outcome, '401 invalid-credentials', 'only the password reveals it')
  for (const { id } of [shown, large]) {
    t.equal((await bob.get(`/files/${id}`)).outcome, '404 file-not-found')
    t.equal((await bob.get(`/download/${id}`)).outcome, '404 file-not-found')
  }
  t.same((await bob.get('/friends')).json.items, [])
  t.same((await carol.get('/friends/requests')).json.items, [])
  t.equal((await bob.get('/friends/alice/files')).outcome, '404 friend-not-found')
  t.equal((await bob.post('/friends/request', { username: 'alice' })).outcome, '404 user-not-found')
  const taken = { username: 'Alice', email: 'other@example.com', password: alice.password }
  t.equal((await regional.nobody().post('/register', taken)).outcome, '409 username-taken')
  regional.pass(14 * DAY_MS - MINUTE_MS)
  await bob.logIn()
  t.equal(regional.rows('select 1 from users where deleted = 1').length, 0, 'not before the grace is over')
  regional.pass(2 * MINUTE_MS)
  await until(
    'the account is erased',
    () => regional.rows('select 1 from users where deleted = 1').length === 1,
  )
  const again = await regional.person('Alice')
  t.not(again.id, alice.id)
  t.equal(await again.usedStorage(), 0)
  t.same((await again.get('/friends')).json.items, [])
  const row = JSON.stringify(regional.rows('select * from users where id = ?', alice.id))
  t.notMatch(row, /alice|argon2/i, 'the tombstone has no personal data')
})

t.test('registration is refused while it is closed', async (t) => {
  const regional = await openTestRegional(t, { registration: 'closed' })
  const { outcome } = await regional
    .nobody()
    .post('/register', { username: 'alice', email: 'alice@example.com', password: 'correct horse battery' })
  t.equal(outcome, '403 registration-closed')
  t.same(regional.rows('select * from users'), [])
})

t.test(
  'A clock that was ahead locks nobody out, and leaves no session that lives longer than others',
  async (t) => {
    const regional = await openTestRegional(t)
    const alice = await regional.person('alice')
    const logIn = (password: string) => regional.nobody().post('/login', { identifier: 'alice', password })
    regional.pass(2 * DAY_MS)
    for (let i = 0; i < 5; i += 1) t.equal((await logIn('a wrong password')).status, 401)
    t.equal((await logIn(alice.password)).status, 429)
    regional.pass(-2 * DAY_MS)
    t.equal((await logIn(alice.password)).status, 200)
    regional.pass(DAY_MS / 24)
    await alice.logIn()
    regional.pass(-DAY_MS / 24)
    t.equal((await alice.get('/me')).outcome, '401 unauthenticated')
    await alice.logIn()
    t.equal((await alice.get('/sessions')).json.items.length, 3, 'without the one from the future')
  },
)
