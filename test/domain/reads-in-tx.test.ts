import t from 'tap'
import { regionalServices } from '../../src/app/regional-core.js'
import { BlobStore } from '../../src/blobs/blob-store.js'
import type { Database, Tx } from '../../src/db/engine/database.js'
import type { SessionCaller } from '../../src/domain/caller.js'
import { collectGarbage } from '../../src/domain/garbage-collection.js'
import { systemRandom } from '../../src/lib/random.js'
import { AT, bareRegional } from '../support/bare-regional.js'

/** The same database, which throws when a unit of work reads from it instead of from its transaction. */
function strict(db: Database): Database {
  let inUnit = false
  const write = <T>(work: (tx: Tx) => T) =>
    db.write((tx) => {
      inUnit = true
      try {
        return work(tx)
      } finally {
        inUnit = false
      }
    })
  return new Proxy(db, {
    get(target, name) {
      if (name === 'write') return write
      if (inUnit) throw new Error(`a unit of work uses the database's ${String(name)}, not its tx`)
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

t.test('Every unit of work of the domain reads through its transaction', async (t) => {
  const bare = await bareRegional(t)
  const db = strict(bare.db)
  const blobs = BlobStore.open(db, bare.dataDir)
  const now = () => Date.parse(AT)
  const policy = {
    name: 'eu',
    storageQuotaBytes: 1000,
    registration: 'open',
    maxFileSizeBytes: 1000,
    minFreeDiskBytes: 0,
  } as const
  const services = regionalServices(policy, { db, blobs, now, random: systemRandom })
  const { accounts, administration, sessions, tokens, files, uploads, friends } = services
  const { eventLog, journal } = services
  const client = { address: '192.0.2.1', isShared: false, userAgent: 'test' }
  const password = 'paper boat on the river'
  const register = async (username: string): Promise<SessionCaller> => {
    await accounts.register({ username, email: `${username}@example.com`, password })
    const { session } = await accounts.login({ identifier: username, password }, client)
    return sessions.authenticate(session.secret) as SessionCaller
  }
  const [alice, bob] = [await register('alice'), await register('bob')]
  for (const { user_id } of [alice, bob]) t.teardown(eventLog.subscribe(user_id, () => undefined))

  const token = await tokens.create(alice.user_id, { name: 'backup' })
  t.ok(tokens.authenticate(token.token))
  await tokens.revoke(alice.user_id, token.id)

  const made = { name: 'a.txt', media_type: 'text/plain', declaredBytes: 3 }
  const { file } = await uploads.store(alice.user_id, made, async (take) => {
    await take(Buffer.from('abc'))
    return {}
  })
  await files.update(alice, file.id, { visibility: 'friends' }, () => true)

  const asked = await friends.request(alice.user_id, 'bob')
  await friends.cancel(alice.user_id, asked.id)
  const again = await friends.request(alice.user_id, 'bob')
  await friends.reject(bob.user_id, again.id)
  await friends.accept(bob.user_id, (await friends.request(alice.user_id, 'bob')).id)
  await files.delete(alice, file.id)
  await friends.remove(bob.user_id, 'alice')

  const update = { email: 'alice@example.org', new_password: 'paper ship', current_password: password }
  await accounts.update(alice, update, client)
  await administration.setQuota('bob', 5)
  await administration.setDisabled('bob', true)
  await sessions.revoke(alice.user_id, alice.session_id)
  const garbage = { db, blobs, eventLog, journal, accountGraceMs: 0, now, confirmedNow: now }
  await collectGarbage(garbage, new AbortController().signal)
  await accounts.delete(alice)
  await administration.reopen('alice')
  await administration.close('alice')
  await collectGarbage({ ...garbage, confirmedNow: () => now() + 1000 }, new AbortController().signal)
  t.same(
    [...administration.list()].map(({ username }) => username),
    ['bob'],
  )
})
