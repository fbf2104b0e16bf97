/** User actions on a regional, through the domain functions that serve its API. */

import { DomainError } from '../../src/domain/errors.js'
import type { ChunkSink, ChunkSource } from '../../src/lib/byte-source.js'
import type { Item, UserAction } from './plan.js'
import { type SimulatedRegional, STORAGE_QUOTA_BYTES } from './servers.js'
import { recordUnknownChange } from './unknown-changes.js'

/** Few names and contents, so that conflicts are common. */
const NAMES = 24
const CONTENTS = 40
const PASSWORD = 'correct horse battery'

type Row = Record<string, string>

/** Performs a user action. @returns `ok`, the code of the domain error, or `nothing to do` */
export async function performUserAction(
  regional: SimulatedRegional,
  item: Item & { kind: UserAction },
): Promise<string> {
  try {
    return (await ACTIONS[item.kind](regional, item)) === undefined ? 'nothing to do' : 'ok'
  } catch (error) {
    if (error instanceof DomainError) return error.code
    throw error
  }
}

/** Resolves with undefined if there was no object to act on. */
type Action = (regional: SimulatedRegional, item: Item) => Promise<unknown>

const ACTIONS: Record<UserAction, Action> = {
  register: async (regional, { a, b }) =>
    services(regional).accounts.register({
      username: `name${a % NAMES}`,
      email: `name${b % NAMES}@example.com`,
      password: PASSWORD,
    }),
  async upload(regional, { a, b }) {
    const user = oneOf(regional, USERS, b)
    const content = contentOf(a)
    const file = {
      name: `file ${a % 1000}`,
      media_type: 'text/plain',
      declaredBytes: content.length,
    }
    const receive = async (take: ChunkSink) => {
      await chunksOf(content)(take)
      return { visibility: visibilityOf(b) }
    }
    return user && services(regional).uploads.store(String(user.id), file, receive)
  },
  rename: (regional, { a, b }) => updateFile(regional, a, { name: `renamed ${b % 1000}` }),
  move: (regional, { a, b }) => updateFile(regional, a, { folder: `/folder ${b % 5}` }),
  share: (regional, { a, b }) => updateFile(regional, a, { visibility: visibilityOf(b) }),
  async delete(regional, { a }) {
    const file = oneOf(regional, FILES, a)
    if (file === undefined) return undefined
    await services(regional).files.delete(callerOf(file.owner_id), String(file.id))
    return file
  },
  async requestFriend(regional, { a, b }) {
    const [from, to] = [oneOf(regional, USERS, a), oneOf(regional, USERS, b)]
    return from && to && services(regional).friends.request(String(from.id), String(to.username_shown))
  },
  async respond(regional, { a, b }) {
    const request = oneOf(regional, REQUESTS, a)
    if (request === undefined) return undefined
    const { friends } = services(regional)
    const [id, from, to] = [String(request.id), String(request.from_id), String(request.to_id)]
    if (b % 4 === 0) await friends.cancel(from, id)
    else if (b % 4 === 1) await friends.reject(to, id)
    else await friends.accept(to, id)
    return request
  },
  async unfriend(regional, { a, b }) {
    const pair = oneOf(regional, FRIENDSHIPS, a)
    if (pair === undefined) return undefined
    const [one, other] = b % 2 === 0 ? [pair.user_a, pair.user_b] : [pair.user_b, pair.user_a]
    const named = regional.reader.get<unknown, Row>({ sql: NAME_OF, parameters: [other] })
    await services(regional).friends.remove(String(one), String(named?.username_shown))
    return pair
  },
  async login(regional, { a }) {
    const user = oneOf(regional, USERS, a)
    if (user === undefined) return undefined
    const password = String(user.password_hash).replace('plain:', '')
    const client = { isShared: false, address: `10.0.0.${a % 200}`, userAgent: 'simulation' }
    return services(regional).accounts.login({ identifier: String(user.username_shown), password }, client)
  },
  async logout(regional, { a }) {
    const session = oneOf(regional, SESSIONS, a)
    if (session === undefined) return undefined
    await services(regional).sessions.revoke(String(session.user_id), String(session.id))
    return session
  },
  password: (regional, { a, b }) => updateAccount(regional, a, { new_password: `password ${b}` }),
  email: (regional, { a, b }) => updateAccount(regional, a, { email: `name${b % NAMES}@example.com` }),
  async quota(regional, { a, b }) {
    const bytes = Math.floor((STORAGE_QUOTA_BYTES * (b % 8)) / 4)
    return administer(regional, a, (on, name) => on.setQuota(name, bytes))
  },
  disable: (regional, { a }) => administer(regional, a, (on, name) => on.setDisabled(name, true)),
  enable: (regional, { a }) => administer(regional, a, (on, name) => on.setDisabled(name, false)),
  operatorPassword: (regional, { a, b }) =>
    administer(regional, a, (on, name) => on.setPassword(name, `password ${b}`)),
  operatorDelete: (regional, { a }) => administer(regional, a, (on, name) => on.close(name)),
  operatorErase: (regional, { a }) => administer(regional, a, (on, name) => on.erase(name)),
  reopen: (regional, { a }) => administer(regional, a, (on, name) => on.reopen(name), CLOSED_USERS),
  async token(regional, { a, b }) {
    const user = oneOf(regional, USERS, a)
    return user && services(regional).tokens.create(String(user.id), { name: `token ${b % 9}` })
  },
  async revoke(regional, { a }) {
    const token = oneOf(regional, TOKENS, a)
    if (token === undefined) return undefined
    await services(regional).tokens.revoke(String(token.user_id), String(token.id))
    return token
  },
  async deleteAccount(regional, { a }) {
    const user = oneOf(regional, USERS, a)
    if (user === undefined) return undefined
    const session_created_at = new Date(regional.wallMs()).toISOString()
    const caller = { kind: 'session', user_id: String(user.id), session_id: '', session_created_at } as const
    await services(regional).accounts.delete(caller)
    return user
  },
  async recordUnknown(regional, { a }) {
    const file = oneOf(regional, STORED_FILES, a)
    if (file === undefined) return undefined
    await recordUnknownChange(regional, { sha256: String(file.sha256), size: Number(file.size) })
    return file
  },
}

const USERS = 'users where deleted = 0'
const CLOSED_USERS = `${USERS} and closed_at is not null`
const FILES = 'files where deleted = 0'
const STORED_FILES = `${FILES} and sha256 in (select sha256 from blobs)`
const REQUESTS = "friend_requests where status = 'pending'"
const FRIENDSHIPS = 'friendships where active = 1'
const SESSIONS = 'sessions where revoked = 0'
const TOKENS = 'tokens where revoked = 0'
const USER = 'select password_hash from users where id = ? and deleted = 0'
const NAME_OF = 'select username_shown from users where id = ?'

/** Picks a row by number: the same row for the same number and the same rows. */
function oneOf(regional: SimulatedRegional, from: string, n: number): Row | undefined {
  const { reader } = regional
  const count = reader.get<unknown, { count: number }>({
    sql: `select count(*) as count from ${from}`,
    parameters: [],
  })
  const offset = n % Math.max(1, count?.count ?? 0)
  return reader.get<unknown, Row>({
    sql: `select * from ${from} order by id limit 1 offset ?`,
    parameters: [offset],
  })
}

async function updateFile(
  regional: SimulatedRegional,
  n: number,
  input: Parameters<ReturnType<typeof services>['files']['update']>[2],
) {
  const file = oneOf(regional, FILES, n)
  return file && services(regional).files.update(callerOf(file.owner_id), String(file.id), input, () => true)
}

/** Performs an operator's action on an account. */
async function administer(
  regional: SimulatedRegional,
  n: number,
  work: (administration: ReturnType<typeof services>['administration'], name: string) => Promise<unknown>,
  accounts = USERS,
) {
  const user = oneOf(regional, accounts, n)
  return user && work(services(regional).administration, String(user.username_shown))
}

async function updateAccount(
  regional: SimulatedRegional,
  n: number,
  input: { email?: string; new_password?: string },
) {
  const session = oneOf(regional, SESSIONS, n)
  if (session === undefined) return undefined
  const user = regional.reader.get<unknown, Row>({ sql: USER, parameters: [session.user_id] })
  if (user === undefined) return undefined
  const caller = {
    kind: 'session',
    user_id: String(session.user_id),
    session_id: String(session.id),
    session_created_at: String(session.created_at),
  } as const
  const current_password = String(user.password_hash).replace('plain:', '')
  return services(regional).accounts.update(
    caller,
    { ...input, current_password },
    {
      address: '10.0.1.1',
      isShared: false,
    },
  )
}

function services(regional: SimulatedRegional) {
  if (regional.services === undefined) throw new DomainError('unavailable', 'This server is starting.')
  return regional.services
}

function callerOf(userId: unknown) {
  return { kind: 'session', user_id: String(userId), session_id: '', session_created_at: '' } as const
}

function visibilityOf(n: number): 'private' | 'friends' | 'public' {
  return (['private', 'friends', 'public'] as const)[n % 3] as 'private' | 'friends' | 'public'
}

const contents = new Map<number, Buffer>()

/** Every tenth content is too large for the database. */
function contentOf(n: number): Buffer {
  const which = n % CONTENTS
  const size = which % 10 === 7 ? 66_000 + which * 1000 : which * which
  const content = contents.get(which) ?? Buffer.alloc(size, `content ${which} `)
  contents.set(which, content)
  return content
}

function chunksOf(content: Buffer): ChunkSource {
  return async (take) => {
    for (let at = 0; at < content.length; at += 30_000) await take(content.subarray(at, at + 30_000))
  }
}
