import t, { type Test } from 'tap'
import type { Client, ClientRequest, ClientResponse } from '../support/client.js'
import { operations } from '../support/contract-check.js'
import { filePart, formOf } from '../support/multipart.js'
import type { Person } from '../support/person.js'
import { OPERATOR_TOKEN, openTestRegional, type TestRegional } from '../support/test-regional.js'

/** The callers; all resources belong to the owner. */
const ROLES = [
  'owner',
  'friend',
  'former',
  'stranger',
  'nobody',
  'gone',
  'revoked',
  'reader',
  'writer',
  'forger',
  'operator',
] as const

type Role = (typeof ROLES)[number]

interface World {
  owner: Person
  friend: Person
  stranger: Person
  as: Record<Role, Client>
  /** A client with a token of the owner. */
  program(secret: string): Client
  file(visibility: 'private' | 'friends' | 'public'): Promise<string>
  /** A pending friend request from the owner to the stranger. */
  request(): Promise<string>
  unique(): string
}

type Request = [method: string, path: string, asked?: ClientRequest]
type Row = { ask: (world: World, role: Role) => Promise<Request> | Request; expect: Record<Role, string> }

const UNAUTHENTICATED = '401 unauthenticated'

/** The outcome for authenticated callers; all others get 401. */
function login(outcome: string, logged: Partial<Record<Role, string>> = {}): Record<Role, string> {
  const all = Object.fromEntries(ROLES.map((role) => [role, outcome])) as Record<Role, string>
  for (const role of ['nobody', 'gone', 'revoked', 'forger', 'operator'] as const) all[role] = UNAUTHENTICATED
  return { ...all, ...logged }
}

/** Like `login`, for operations that need a token of scope write. */
function change(outcome: string, logged: Partial<Record<Role, string>> = {}): Record<Role, string> {
  return login(outcome, { reader: '403 insufficient-scope', ...logged })
}

function anybody(outcome: string): Record<Role, string> {
  return Object.fromEntries(ROLES.map((role) => [role, outcome])) as Record<Role, string>
}

/** Outcomes for the owner and the owner's tokens, friends, and all other authenticated callers. */
function readers(owner: string, friend: string, other: string): Partial<Record<Role, string>> {
  return { owner, reader: owner, writer: owner, friend, former: other, stranger: other }
}

const NO_FILE = '404 file-not-found'
const PATCHED = { json: { name: 'renamed' } }
const form = formOf([filePart('a.bin', 'hello')])
const body = (json: unknown): ClientRequest => ({ json })

/** Without required authentication an invalid cookie is ignored; an invalid token is always refused. */
const download = (owner: string, friend: string, other: string): Record<Role, string> => ({
  ...login(other, readers(owner, friend, other)),
  ...{ nobody: other, gone: other, revoked: other },
})

const change403 = (outcome: string, friend: string, other: string) =>
  change(other, { owner: outcome, writer: outcome, friend })

const TABLE: Record<string, Row> = {
  registerUser: {
    ask: ({ unique }) => {
      const username = unique()
      const email = `${username}@example.com`
      return ['POST', '/register', body({ username, email, password: 'correct horse battery' })]
    },
    expect: anybody('201'),
  },
  loginUser: {
    ask: ({ owner }) => ['POST', '/login', body({ identifier: 'owner', password: owner.password })],
    expect: anybody('200'),
  },
  getMe: { ask: () => ['GET', '/me'], expect: login('200') },
  updateMe: {
    ask: ({ unique }) => [
      'PATCH',
      '/me',
      body({ email: `${unique()}@example.com`, current_password: 'correct horse battery' }),
    ],
    expect: change('200'),
  },
  listSessions: { ask: () => ['GET', '/sessions'], expect: login('200') },
  revokeSession: {
    ask: async ({ owner }) => {
      const items = (await owner.get('/sessions')).json.items as { id: string; current: boolean }[]
      await owner.post('/login', { identifier: 'owner', password: owner.password })
      const known = items.map(({ id }) => id)
      const after = (await owner.get('/sessions?limit=200')).json.items as { id: string }[]
      return ['DELETE', `/sessions/${after.find(({ id }) => !known.includes(id))?.id}`]
    },
    expect: change('404 session-not-found', { owner: '204', writer: '204' }),
  },
  createToken: { ask: () => ['POST', '/tokens', body({ name: 'x' })], expect: change('201') },
  listTokens: { ask: () => ['GET', '/tokens'], expect: login('200') },
  revokeToken: {
    ask: async ({ owner }) => ['DELETE', `/tokens/${(await owner.post('/tokens', { name: 'x' })).json.id}`],
    expect: change('404 token-not-found', { owner: '204', writer: '204' }),
  },
  uploadFile: {
    ask: () => ['POST', '/upload', { headers: { 'content-type': form.contentType }, body: form.body }],
    expect: change('201'),
  },
  listFiles: { ask: () => ['GET', '/files'], expect: login('200') },
  'getFile private': {
    ask: async ({ file }) => ['GET', `/files/${await file('private')}`],
    expect: login(NO_FILE, readers('200', NO_FILE, NO_FILE)),
  },
  'getFile friends': {
    ask: async ({ file }) => ['GET', `/files/${await file('friends')}`],
    expect: login(NO_FILE, readers('200', '200', NO_FILE)),
  },
  'getFile public': {
    ask: async ({ file }) => ['GET', `/files/${await file('public')}`],
    expect: login('200'),
  },
  'updateFile private': {
    ask: async ({ file }) => ['PATCH', `/files/${await file('private')}`, PATCHED],
    expect: change403('200', NO_FILE, NO_FILE),
  },
  'updateFile friends': {
    ask: async ({ file }) => ['PATCH', `/files/${await file('friends')}`, PATCHED],
    expect: change403('200', '403 not-owner', NO_FILE),
  },
  'updateFile public': {
    ask: async ({ file }) => ['PATCH', `/files/${await file('public')}`, PATCHED],
    expect: change403('200', '403 not-owner', '403 not-owner'),
  },
  'deleteFile private': {
    ask: async ({ file }) => ['DELETE', `/files/${await file('private')}`],
    expect: change403('204', NO_FILE, NO_FILE),
  },
  'deleteFile friends': {
    ask: async ({ file }) => ['DELETE', `/files/${await file('friends')}`],
    expect: change403('204', '403 not-owner', NO_FILE),
  },
  'deleteFile public': {
    ask: async ({ file }) => ['DELETE', `/files/${await file('public')}`],
    expect: change403('204', '403 not-owner', '403 not-owner'),
  },
  'downloadFile private': {
    ask: async ({ file }) => ['GET', `/download/${await file('private')}`],
    expect: download('200', NO_FILE, NO_FILE),
  },
  'downloadFile friends': {
    ask: async ({ file }) => ['GET', `/download/${await file('friends')}`],
    expect: download('200', '200', NO_FILE),
  },
  'downloadFile public': {
    ask: async ({ file }) => ['GET', `/download/${await file('public')}`],
    expect: download('200', '200', '200'),
  },
  'downloadFileHead friends': {
    ask: async ({ file }) => ['HEAD', `/download/${await file('friends')}`],
    expect: { ...download('200', '200', '404'), forger: '401', operator: '401' },
  },
  requestFriend: {
    ask: async ({ owner, request }, role) => {
      // The stranger accepts a pending request of the owner.
      if (role === 'stranger') await request()
      if (role !== 'former') return ['POST', '/friends/request', body({ username: 'owner' })]
      const { items } = (await owner.get('/friends/requests?direction=incoming')).json as {
        items: { id: string }[]
      }
      for (const { id } of items) await owner.post(`/friends/reject/${id}`)
      return ['POST', '/friends/request', body({ username: 'owner' })]
    },
    expect: change('409 self-request', { friend: '409 already-friends', former: '201', stranger: '200' }),
  },
  listFriendRequests: { ask: () => ['GET', '/friends/requests'], expect: login('200') },
  acceptFriendRequest: {
    ask: async ({ request }) => ['POST', `/friends/accept/${await request()}`],
    expect: change('404 request-not-found', { stranger: '200' }),
  },
  rejectFriendRequest: {
    ask: async ({ request }) => ['POST', `/friends/reject/${await request()}`],
    expect: change('404 request-not-found', { stranger: '204' }),
  },
  cancelFriendRequest: {
    ask: async ({ request }) => ['DELETE', `/friends/request/${await request()}`],
    expect: change('404 request-not-found', { owner: '204', writer: '204' }),
  },
  listFriends: { ask: () => ['GET', '/friends'], expect: login('200') },
  listFriendFiles: {
    ask: () => ['GET', '/friends/owner/files'],
    expect: login('404 friend-not-found', { friend: '200' }),
  },
  removeFriend: {
    ask: async ({ owner, friend }, role) => {
      const friends = (await owner.get('/friends')).json.items as { username: string }[]
      if (role === 'friend' && friends.every(({ username }) => username !== 'friend'))
        await owner.befriend(friend)
      return ['DELETE', '/friends/owner']
    },
    expect: change('404 friend-not-found', { friend: '204' }),
  },
  streamEvents: {
    ask: () => ['GET', '/events', { signal: AbortSignal.timeout(300) }],
    expect: login('200'),
  },
  getHealth: { ask: () => ['GET', '/health'], expect: anybody('200') },
  'getSyncStatus plain': { ask: () => ['GET', '/sync/status'], expect: login('200', { operator: '200' }) },
  'getSyncStatus digest': {
    ask: () => ['GET', '/sync/status?digest=true'],
    expect: login('403 insufficient-scope', { operator: '200' }),
  },
  getMetrics: { ask: () => ['GET', '/metrics'], expect: { ...anybody(UNAUTHENTICATED), operator: '200' } },
  logoutUser: { ask: () => ['POST', '/logout'], expect: change('204') },
  deleteMe: {
    ask: () => ['DELETE', '/me'],
    expect: change('204', { reader: '403 session-required', writer: '403 session-required' }),
  },
}

const BEARER = (secret: string) => `Bearer ${secret}`
const BASIC = (secret: string) => `Basic ${Buffer.from(`Owner:${secret}`).toString('base64')}`

async function openWorld(regional: TestRegional, authorizationOf: typeof BEARER): Promise<World> {
  const [owner, friend, former, stranger, gone] = (await Promise.all(
    ['owner', 'friend', 'former', 'stranger', 'gone'].map((name) => regional.person(name)),
  )) as [Person, Person, Person, Person, Person]
  await owner.befriend(friend)
  await owner.befriend(former)
  await former.delete('/friends/owner')
  await gone.delete('/me')
  const revoked = regional.stranger('owner')
  await revoked.logIn()
  await revoked.ask('POST', '/logout')
  let count = 0
  const unique = () => `somebody-${count++}`
  const program = (secret: string) => owner.as({ authorization: authorizationOf(secret) })
  return {
    ...{ owner, friend, stranger, unique, program },
    as: {
      ...{ owner, friend, former, stranger, gone, revoked },
      nobody: regional.nobody(),
      reader: program(await owner.token('read')),
      writer: program(await owner.token('write')),
      forger: program('x'.repeat(43)),
      operator: owner.as({ authorization: BEARER(OPERATOR_TOKEN) }),
    },
    file: async (visibility) => (await owner.put('hello', { visibility })).id,
    async request() {
      await stranger.delete('/friends/owner')
      const asked = await owner.post('/friends/request', { username: 'stranger' })
      if (asked.status === 201) return asked.json.id as string
      const { items } = (await owner.get('/friends/requests?direction=outgoing')).json as {
        items: { id: string; to: { username: string } }[]
      }
      return items.find(({ to }) => to.username === 'stranger')?.id as string
    },
  }
}

t.test('Every operation of the contract has a row in the access matrix', async (t) => {
  const rows = new Set(Object.keys(TABLE).map((name) => name.split(' ')[0]))
  t.same(
    operations.map(({ id }) => id).filter((id) => !rows.has(id)),
    [],
  )
})

t.test('Each kind of caller gets the outcome of the access matrix for every operation', async (t) => {
  const regional = await openTestRegional(t)
  await assertAccess(t, await openWorld(regional, BEARER), ROLES)
})

t.test('A token sent as the password of HTTP Basic has the same access as a Bearer token', async (t) => {
  const regional = await openTestRegional(t)
  await assertAccess(t, await openWorld(regional, BASIC), ['owner', 'reader', 'writer'])
})

async function assertAccess(t: Test, world: World, roles: readonly Role[]): Promise<void> {
  for (const [name, { ask, expect }] of Object.entries(TABLE)) {
    // The owner goes last, since the owner deletes the resource or the account.
    for (const role of roles.toReversed()) {
      const [method, path, asked] = await ask(world, role)
      const { outcome } = await responseOf(world.as[role], method, path, asked)
      t.equal(outcome, expect[role], `${name} as ${role}`)
      if (name === 'logoutUser' && outcome === '204') await returnTo(world, role)
    }
  }
}

async function responseOf(
  client: Client,
  method: string,
  path: string,
  asked?: ClientRequest,
): Promise<Pick<ClientResponse, 'outcome'>> {
  try {
    return await client.ask(method, path, asked)
  } catch (error) {
    // An event stream stays open until the request times out.
    if ((error as Error).name === 'TimeoutError') return { outcome: '200' }
    throw error
  }
}

async function returnTo({ as, owner, program }: World, role: Role): Promise<void> {
  if (role === 'writer') as.writer = program(await owner.token('write'))
  else await (as[role] as Person).logIn()
}
