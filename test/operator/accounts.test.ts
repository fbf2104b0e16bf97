import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import t from 'tap'
import { openEventStream } from '../support/event-stream.js'
import { operate, operated } from '../support/operator.js'
import type { Person } from '../support/person.js'
import { openTestRegional, type TestRegional } from '../support/test-regional.js'
import { until } from '../support/until.js'

const logIn = async (regional: TestRegional, { username, password }: Person) =>
  (await regional.nobody().post('/login', { identifier: username, password })).outcome

t.test('A wrong command line exits with 2 and names the option; a failed command exits with 1', async (t) => {
  const regional = await openTestRegional(t)
  await regional.person('alice')
  const quota = (size: string) => ['account', 'quota', '--username', 'alice', '--bytes', size]
  const create = (username: string, email: string) => [
    'account',
    'create',
    '--username',
    username,
    '--email',
    email,
  ]
  const cases: [command: string[], code: number, says: RegExp][] = [
    [quota('5 potatoes'), 2, /--bytes must be .*KB.*KiB.*"5 potatoes"/],
    [quota('9007199254740993'), 2, /--bytes must be/],
    [['account', 'quota', '--username', 'alice'], 2, /--bytes is missing/],
    [['account', 'show'], 2, /--username is missing/],
    [['account', 'show', '--user', 'alice'], 2, /'--user'/],
    [['account', 'show', '--username', 'nobody'], 1, /--username: There is no account named nobody/],
    [['account', 'disable', '--username', 'nobody'], 1, /--username: There is no account named nobody/],
    [['account', 'delete', '--username', 'alice'], 2, /--yes is missing/],
    [['account', 'password', '--username', 'alice'], 2, /password on standard input must have 8 to 256/],
    [['account', 'show', '--username', 'alice', '--username', 'bob'], 2, /--username is given twice/],
    [['account', 'show', '--username', 'caf\ufffd'], 2, /--username must be UTF-8/],
    [['account', 'constructor'], 2, /account takes one of create, list/],
    [['accounts'], 2, /unknown command accounts/],
  ]
  for (const [command, code, says] of cases) {
    const ended = await operate(regional.config, command)
    t.match(ended, { code, output: '', errors: says }, command.join(' '))
    t.notMatch(
      ended.errors,
      /STORAGE_QUOTA|body\//,
      'the error names the option, not a variable or a request field',
    )
  }
  for (const [command, code, says] of [
    [create('a b', 'b@example.com'), 2, /--username must be 3 to 32/],
    [create('bob', 'nowhere'), 2, /--email must be/],
    [create('ALICE', 'b@example.com'), 1, /--username: This username is taken/],
    [create('bob', 'Alice@example.com'), 1, /--email: This email address is already registered/],
  ] as const) {
    t.match(
      await operate(regional.config, command, 'a password\n'),
      { code, errors: says },
      command.join(' '),
    )
  }
  const notUtf8 = Buffer.concat([Buffer.from('correct horse '), Buffer.from([0xe9])])
  t.match(await operate(regional.config, ['account', 'password', '--username', 'alice'], notUtf8), {
    code: 2,
    errors: /must be UTF-8/,
  })
  t.match(await operate({ name: 'us', dataDir: regional.dataDir }, ['account', 'list']), {
    code: 1,
    errors: /server eu/,
  })
  t.match(await operate({ name: 'eu', dataDir: '/nowhere' }, ['account', 'list']), {
    code: 1,
    errors: /\/nowhere/,
  })
})

t.test('An account created by command can log in and has its quota in decimal or binary units', async (t) => {
  const regional = await openTestRegional(t, { registration: 'closed' })
  const output = await operated(
    regional.config,
    ['account', 'create', '--username', 'alice', '--email', 'alice@example.com'],
    'correct horse battery\n',
  )
  t.match(output, /^created the account alice \([\da-f-]{36}\)\n$/)
  const alice = regional.stranger('alice')
  await alice.logIn()
  for (const [size, bytes] of [
    ['500', 500],
    ['20 GB', 20e9],
    ['3KB', 3000],
    ['1MB', 1e6],
    ['1TB', 1e12],
    ['1KiB', 1024],
    ['2 GiB', 2 * 1024 ** 3],
  ] as const) {
    await operated(regional.config, ['account', 'quota', '--username', 'ALICE', '--bytes', size])
    t.equal((await alice.get('/me')).json.storage_quota, bytes, size)
  }
})

t.test('A disabled account is inaccessible at once, and enabling it restores all access', async (t) => {
  const regional = await openTestRegional(t)
  const [alice, bob] = [await regional.person('alice'), await regional.person('bob')]
  await alice.befriend(bob)
  const open = await alice.put('for all', { visibility: 'public' })
  const shared = await alice.put('for friends', { visibility: 'friends' })
  const program = regional.nobody().as({ authorization: `Bearer ${await alice.token('read')}` })
  const [hers, his] = [
    await openEventStream(t, regional.url, alice),
    await openEventStream(t, regional.url, bob),
  ]

  await operated(regional.config, ['account', 'disable', '--username', 'alice'])
  await until('the event stream has ended', () => hers.ended)
  t.equal(await logIn(regional, alice), '403 account-disabled')
  const guess = await regional.nobody().post('/login', { identifier: 'alice', password: 'wrong password' })
  t.equal(
    guess.outcome,
    '401 invalid-credentials',
    'a wrong password does not reveal that the account is disabled',
  )
  t.equal((await alice.get('/me')).outcome, '401 unauthenticated', 'sessions are invalid')
  t.equal((await program.get('/files')).outcome, '401 unauthenticated', 'API tokens are invalid')
  t.equal((await regional.nobody().get(`/download/${open.id}`)).outcome, '404 file-not-found')
  t.equal((await bob.get(`/download/${shared.id}`)).outcome, '404 file-not-found')
  t.same((await bob.get('/friends')).json.items, [])
  t.equal((await bob.get('/friends/alice/files')).outcome, '404 friend-not-found')
  t.equal((await bob.post('/friends/request', { username: 'alice' })).outcome, '404 user-not-found')
  await until('the friend receives an event', () => his.events.at(-1)?.event === 'friend.removed')
  t.match(his.events.at(-1)?.data, { id: alice.id, username: 'alice' })
  const taken = { username: 'Alice', email: 'other@example.com', password: 'correct horse battery' }
  t.equal(
    (await regional.nobody().post('/register', taken)).outcome,
    '409 username-taken',
    'the username stays taken',
  )

  await operated(regional.config, ['account', 'enable', '--username', 'alice'])
  t.equal(await logIn(regional, alice), '200')
  t.equal((await alice.get('/me')).json.used_storage, 18)
  t.equal((await program.get('/files')).json.items.length, 2)
  t.equal((await regional.nobody().get(`/download/${open.id}`)).status, 200)
  t.equal((await bob.get(`/download/${shared.id}`)).status, 200)
  t.equal((await bob.get('/friends')).json.items[0].username, 'alice')
  await until('the friend receives an event', () => his.events.at(-1)?.event === 'friend.accepted')
  t.match(his.events.at(-1)?.data, { id: alice.id, username: 'alice', since: String })
  const again = await openEventStream(t, regional.url, alice, hers.lastId)
  t.same((await again.count(1))[0]?.event, 'stream.reset', 'events during the disabling were not kept')
  t.same(await regional.faults(), [])
})

t.test('An upload in flight when its account is disabled is refused and leaves nothing', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: disabled, resolve: goOn } = Promise.withResolvers<void>()
  async function* body() {
    yield '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello'
    begin()
    await disabled
    yield ' world\r\n--b--\r\n'
  }
  const uploading = fetch(`${regional.url}/upload`, {
    method: 'POST',
    headers: { ...alice.headers, 'content-type': 'multipart/form-data; boundary=b' },
    body: ReadableStream.from(body()).pipeThrough(new TextEncoderStream()),
    duplex: 'half',
  })
  await begun
  await operated(regional.config, ['account', 'disable', '--username', 'alice'])
  goOn()
  t.equal((await uploading).status, 401)
  t.same(regional.rows('select id from files'), [])
  t.same(await regional.faults(), [])
})

t.test('A password set by command ends all sessions and event streams, and keeps API tokens', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const program = regional.nobody().as({ authorization: `Bearer ${await alice.token('read')}` })
  const stream = await openEventStream(t, regional.url, alice)
  await operated(regional.config, ['account', 'password', '--username', 'alice'], 'another good password\n')
  await until('the event stream has ended', () => stream.ended)
  t.equal((await alice.get('/me')).outcome, '401 unauthenticated')
  t.equal(await logIn(regional, alice), '401 invalid-credentials')
  alice.password = 'another good password'
  t.equal(await logIn(regional, alice), '200')
  t.equal((await program.get('/files')).status, 200)
})

t.test(
  'An account deleted by command is gone at once, and reopening it brings everything back',
  async (t) => {
    const regional = await openTestRegional(t)
    const [alice, bob] = [await regional.person('alice'), await regional.person('bob')]
    await alice.befriend(bob)
    const file = await alice.put('for all', { visibility: 'public' })
    const stream = await openEventStream(t, regional.url, bob)
    t.match(
      await operated(regional.config, ['account', 'delete', '--username', 'alice', '--yes']),
      /closed.*alice/,
    )
    t.equal((await alice.get('/me')).outcome, '401 unauthenticated')
    t.equal((await regional.nobody().get(`/download/${file.id}`)).outcome, '404 file-not-found')
    await until('the friend receives an event', () => stream.types.includes('friend.removed'))
    t.equal(stream.types.filter((type) => type === 'friend.removed').length, 1)
    t.match(await operated(regional.config, ['account', 'show', '--username', 'alice']), /state +closed/)
    await operated(regional.config, ['account', 'reopen', '--username', 'alice'])
    t.equal((await alice.get('/me')).status, 200)
    t.equal((await regional.nobody().get(`/download/${file.id}`)).bytes.toString(), 'for all')
    await until('the friend receives an event', () => stream.types.includes('friend.accepted'))
  },
)

t.test('An account erased by command cannot be reopened, and its username is free', async (t) => {
  const regional = await openTestRegional(t)
  await regional.person('alice')
  const erase = ['account', 'delete', '--username', 'alice', '--yes', '--now']
  t.match(await operated(regional.config, erase), /erased.*alice/)
  const reopen = ['account', 'reopen', '--username', 'alice']
  await t.rejects(operated(regional.config, reopen), /no account named alice/)
  await regional.person('alice')
})

t.test('Deleting a disabled account sends no second event to its friends', async (t) => {
  const regional = await openTestRegional(t)
  const [alice, bob] = [await regional.person('alice'), await regional.person('bob')]
  await alice.befriend(bob)
  const stream = await openEventStream(t, regional.url, bob)
  await operated(regional.config, ['account', 'disable', '--username', 'alice'])
  await operated(regional.config, ['account', 'delete', '--username', 'alice', '--yes'])
  await bob.put('afterwards')
  await stream.count(3)
  t.same(stream.types, ['friend.removed', 'file.created', 'storage.changed'])
})

t.test('Commands run while the server is stopped take effect from its start', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  await regional.stop()
  await operated(regional.config, ['account', 'disable', '--username', 'alice'])
  t.match(await operated(regional.config, ['account', 'list']), /^disabled .* alice /m)
  await regional.open()
  t.equal((await alice.get('/me')).outcome, '401 unauthenticated')
  await operated(regional.config, ['account', 'enable', '--username', 'alice'])
  t.equal((await alice.get('/me')).status, 200)
})

t.test("account show prints the account's usage and no secret", async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  await alice.put('12345')
  await alice.token('read')
  const sheet = await operated(regional.config, ['account', 'show', '--username', 'alice'])
  for (const line of [
    `id               ${alice.id}`,
    'state            active',
    'used             5 bytes (5 B) in 1 file',
  ])
    t.ok(sheet.split('\n').includes(line), line)
  const json = await operated(regional.config, ['account', 'show', '--username', 'alice', '--json'])
  const shown = JSON.parse(json)
  t.same(Object.keys(shown).toSorted(), [
    ...['closed_at', 'created_at', 'disabled', 'email', 'files', 'id', 'last_used_at', 'sessions'],
    ...['storage_quota', 'tokens', 'used_storage', 'username'],
  ])
  t.match(shown, { username: 'alice', disabled: false, files: 1, sessions: 1, tokens: 1, used_storage: 5 })
  t.notMatch(sheet + json, /argon2|hash|secret/)
})

t.test('account list prints all accounts by name, and a closed pipe is no error', async (t) => {
  const regional = await openTestRegional(t)
  await regional.person('alice')
  await regional.stop()
  copyAccount(join(regional.dataDir, 'regional.db'), 1200)
  await operated(regional.config, ['account', 'disable', '--username', 'copy-0007'])
  const lines = (await operated(regional.config, ['account', 'list', '--json'])).trimEnd().split('\n')
  const all = lines.map((line) => JSON.parse(line) as { username: string; disabled: boolean })
  t.equal(all.length, 1201)
  t.same(
    all.map(({ username }) => username),
    all.map(({ username }) => username).toSorted(),
  )
  t.same(
    all.filter(({ disabled }) => disabled).map(({ username }) => username),
    ['copy-0007'],
  )
  const table = (await operated(regional.config, ['account', 'list'])).split('\n')
  t.match(table[0], /^STATE +CREATED +USED +QUOTA +USERNAME +EMAIL$/)
  t.match(table[1], /^active +\d{4}-\d\d-\d\d +0 B +1\.0 GiB +alice +alice@example\.com$/)
  t.equal(table.length, 1203)

  const env = { ...process.env, SYNCSPHERE_NAME: 'eu', SYNCSPHERE_DATA_DIR: regional.dataDir }
  const shell = 'set -o pipefail; "$0" dist/bin/syncsphere.js account list | head -n 1'
  const child = spawn('bash', ['-c', shell, process.execPath], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  t.equal((await once(child, 'close'))[0], 0, 'a closed pipe is no error')
})

/** Inserts many accounts at once, since registering each would hash a password. */
function copyAccount(path: string, times: number): void {
  const db = new BetterSqlite3(path)
  db.exec(`
    with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${times})
    insert into users (id, username, created_at, storage_quota, disabled, deleted, created_stamp, stamps, active,
      password_id, password_hash, email_id, email, username_folded, email_folded, username_shown, email_shown,
      username_login, email_login)
    select printf('01a207e2-48c0-7173-b83d-%012d', n), printf('copy-%04d', n), created_at, storage_quota, disabled,
      deleted, created_stamp, stamps, active, password_id, password_hash, email_id, printf('copy-%04d@example.com', n),
      printf('copy-%04d', n), printf('copy-%04d@example.com', n), printf('copy-%04d', n),
      printf('copy-%04d@example.com', n), printf('copy-%04d', n), printf('copy-%04d@example.com', n)
    from users, numbers where username = 'alice'`)
  db.close()
}
