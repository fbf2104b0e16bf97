import t, { type Test } from 'tap'
import { missingAfter } from '../../../src/blobs/missing-blobs.js'
import type { Query } from '../../../src/db/engine/database.js'
import { appendOutbox, readOutbox } from '../../../src/db/regional/outbox.js'
import { takeUnpublished } from '../../../src/db/regional/unpublished.js'
import { systemRandom } from '../../../src/lib/random.js'
import { NO_HASH } from '../../../src/log/change-log.js'
import type { Change } from '../../../src/model/change.js'
import type { ChangeType } from '../../../src/model/change-types.js'
import { beginRefill } from '../../../src/sync/regional/recovery.js'
import { bareRegional, entriesOf, registered } from '../../support/bare-regional.js'

const US = 'a'.repeat(32)
const SHA256 = 'b'.repeat(64)

/** A change of a newer program. */
function unknown(type: string, fields: Record<string, unknown>, more: Partial<Change> = {}): Change {
  return {
    ...registered('nobody', 'us', US, 1),
    type: type as ChangeType,
    key: systemRandom.id(),
    fields: fields as Change['fields'],
    ...more,
  }
}

function album(owner_id: string): Change {
  const fields = { owner_id, cover_sha256: SHA256, cover_size: 500_000 }
  return unknown('album.made', fields, { blob: { sha256: 'cover_sha256', size: 'cover_size' } })
}

/** Numbers changes as one epoch of `us`. */
function numbered(changes: Change[]): Change[] {
  return changes.map((change, index) => ({ ...change, oseq: index + 1 }))
}

async function regional(t: Test) {
  const bare = await bareRegional(t)
  const { db, applier } = bare
  const rows = (sql: string) =>
    db.all({ sql, parameters: [] } as Query<Record<never, never>, Record<string, unknown>>)
  const readLog = (log_id: string, changes: Change[]) =>
    applier.apply(entriesOf(changes), [], { log_id: log_id.repeat(32), gseq: 0, ghash: NO_HASH })
  return { ...bare, rows, readLog, missing: () => missingAfter(db, undefined, 10) }
}

t.test('A grand that loses its log again and again gets an unknown change under one id', async (t) => {
  const { db, rows, readLog } = await regional(t)
  const made = album(systemRandom.id())
  const others = [unknown('token.revoked', { revoked: true }), unknown('token.revoked', { revoked: true })]
  await readLog('1', numbered([...others, made]))
  t.match(rows('select id, gseq from deferred where id is not null'), [{ id: made.id, gseq: 3 }])
  for (const log of ['2', '3']) {
    await db.write((tx) => beginRefill(tx, systemRandom))
    t.match(
      rows('select gseq from deferred where id is not null'),
      [{ gseq: 0 }],
      'no position in the new log',
    )
    await db.write((tx) => {
      for (const fact of takeUnpublished(tx, 100)) appendOutbox(tx, 'eu', fact, systemRandom)
    })
    const sent = readOutbox(db, 0, 100).filter(({ type }) => type === made.type)
    t.match(sent, [{ id: made.id, origin: 'eu', blob: made.blob }])
    await readLog(log, [{ ...made, oseq: 1 }, ...sent])
    t.match(rows('select id, gseq from deferred where id is not null'), [{ id: made.id, gseq: 1 }])
    t.match(rows('select gseq from blob_refs'), [{ gseq: 1 }])
  }
})

t.test(
  'The deletion of an unknown row, or of its account, ends its blob reference in any order',
  async (t) => {
    const alice = registered('alice', 'us', US, 1)
    const made = album(alice.key)
    const ends = {
      'the row': unknown('album.deleted', { deleted: true }, { key: made.key }),
      'its account': unknown('user.deleted', { deleted: true }, { key: alice.key }),
    }
    for (const [name, end] of Object.entries(ends))
      for (const changes of [
        [alice, made, end],
        [alice, end, made],
      ]) {
        const { readLog, missing, rows } = await regional(t)
        await readLog('1', numbered(changes))
        t.same(missing(), [], name)
        t.same(rows('select * from blob_refs'), [], name)
        t.ok(rows('select * from deferred').length > 0, 'an upgrade needs the changes')
      }
  },
)

t.test(
  'Unknown fields of a deleted row are not kept, whether they arrive before or after its deletion',
  async (t) => {
    const { readLog, rows, deadLetters } = await regional(t)
    const alice = registered('alice', 'us', US, 1)
    const phone = () => unknown('user.updated', { phone: 'a secret' }, { key: alice.key })
    const end = unknown('user.deleted', { deleted: true }, { key: alice.key })
    await readLog('1', numbered([alice, phone(), end, phone()]))
    t.same(rows('select * from deferred'), [])
    t.same(deadLetters, [])
  },
)
