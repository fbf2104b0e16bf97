/** Regression tests for lost changes that the simulation has found, each a minimal plan. */
import t from 'tap'
import type { Item } from './plan.js'
import { simulate } from './simulate.js'

const HOUR_MS = 3600_000

/** Makes an item; omitted properties do not matter to the story. */
function item(gapMs: number, kind: Item['kind'], server: string, more: Partial<Item> = {}): Item {
  return { gapMs, kind, server, a: 0, b: 0, ms: 0, breakKind: 'reset', ...more }
}

/** Sets a server's clock ahead of the true time, or behind it if negative. */
function skew(gapMs: number, server: string, aheadMs: number): Item {
  return item(gapMs, 'skew', server, { ms: aheadMs })
}

const PERSON = [item(500, 'register', 'eu'), item(500, 'upload', 'eu', { a: 1 })]

const STORIES: Record<string, Item[]> = {
  'Of two passwords set on partitioned servers the earlier holds, and nothing done under the other counts': [
    item(500, 'register', 'eu'),
    item(500, 'login', 'eu'),
    item(500, 'partition', 'us', { ms: 8000 }),
    item(500, 'password', 'eu', { b: 1 }),
    item(500, 'password', 'us', { b: 2 }),
    item(100, 'email', 'us', { b: 3 }),
    item(100, 'token', 'us'),
    item(100, 'login', 'us'),
    item(100, 'deleteAccount', 'us'),
  ],
  'A friend request that crossed another makes no friends after their friendship has ended': [
    item(500, 'register', 'eu', { a: 1, b: 1 }),
    item(500, 'register', 'eu', { a: 2, b: 2 }),
    item(500, 'partition', 'us', { ms: 3000 }),
    item(100, 'requestFriend', 'eu', { a: 0, b: 1 }),
    item(100, 'requestFriend', 'us', { a: 1, b: 0 }),
    item(100, 'respond', 'eu', { b: 2 }),
    item(100, 'unfriend', 'eu'),
  ],
  'A friend request sent while its account is deleted breaks nothing': [
    item(500, 'register', 'eu', { a: 1, b: 1 }),
    item(500, 'register', 'eu', { a: 2, b: 2 }),
    item(500, 'deleteAccount', 'eu', { a: 0 }),
    item(0, 'requestFriend', 'eu', { a: 0, b: 1 }),
  ],
  'Rows stamped by a clock two hours ahead survive a grand that loses its log before it has them': [
    ...PERSON,
    item(500, 'partition', 'eu', { ms: 3000 }),
    skew(100, 'eu', 2 * HOUR_MS),
    item(100, 'rename', 'eu', { b: 1 }),
    item(100, 'wipe', 'grand', { ms: 500 }),
  ],
  'A name that was overwritten, both by a clock two hours ahead, survives a grand that loses its log': [
    ...PERSON,
    item(500, 'partition', 'eu', { ms: 3000 }),
    skew(100, 'eu', 2 * HOUR_MS),
    item(100, 'rename', 'eu', { b: 1 }),
    item(100, 'rename', 'eu', { b: 2 }),
    item(100, 'wipe', 'grand', { ms: 500 }),
  ],
  'A file of a deleted account may lose its own deletion after one server has collected it': [
    ...PERSON,
    item(500, 'partition', 'eu', { ms: 3000 }),
    item(500, 'delete', 'eu'),
    item(500, 'deleteAccount', 'us'),
    item(500, 'collectGarbage', 'us'),
    item(500, 'wipe', 'eu', { ms: 500 }),
  ],
  'A name stamped by a clock ahead reaches a regional through a snapshot change': [
    ...PERSON,
    skew(500, 'eu', 25_000),
    item(500, 'rename', 'eu', { b: 1 }),
    item(500, 'wipe', 'us', { ms: 20 }),
    item(0, 'wipe', 'grand', { ms: 10 }),
  ],
  'A deferred rename survives the loss of the log when one regional alone has it': [
    ...PERSON,
    item(500, 'backup', 'eu'),
    item(0, 'slow', 'eu', { b: 1, ms: 10_000 }),
    item(0, 'wipe', 'us', { ms: 10 }),
    item(0, 'wipe', 'grand', { ms: 10 }),
    item(1000, 'register', 'us', { a: 2, b: 2 }),
    item(2700, 'rename', 'eu', { b: 1 }),
    item(300, 'rename', 'eu', { b: 2 }),
    item(2300, 'wipe', 'grand', { ms: 10 }),
    item(0, 'restore', 'eu', { ms: 10 }),
  ],
  'The rename of a file survives when the grand accepts its upload only, because the clock was ahead': [
    item(500, 'register', 'eu'),
    item(500, 'partition', 'eu', { ms: 7300 }),
    skew(100, 'eu', 66_000),
    item(100, 'upload', 'eu', { a: 1 }),
    item(100, 'upload', 'us', { a: 2 }),
    item(6900, 'rename', 'eu', { b: 1 }),
    item(100, 'crash', 'eu', { ms: 500 }),
  ],
  'A regional restored from a backup that was made while its clock was ahead converges': [
    ...PERSON,
    item(500, 'partition', 'eu', { ms: 2000 }),
    skew(100, 'eu', 2 * HOUR_MS),
    item(100, 'rename', 'eu', { b: 1 }),
    item(100, 'backup', 'eu'),
    item(15_000, 'rename', 'us', { b: 2 }),
    item(1000, 'restore', 'eu', { ms: 500 }),
  ],
  "Replication continues after the grand's clock is set back by two hours": [
    skew(0, 'grand', 2 * HOUR_MS),
    item(500, 'restart', 'eu', { ms: 100 }),
    item(2000, 'register', 'eu'),
    item(2000, 'upload', 'eu', { a: 1 }),
    skew(2000, 'grand', 0),
    item(500, 'rename', 'us', { b: 1 }),
    item(500, 'rename', 'eu', { b: 2 }),
  ],
  'An unknown change survives a grand that loses its log, and a regional that loses its disk': [
    ...PERSON,
    item(500, 'recordUnknown', 'eu'),
    item(2000, 'wipe', 'grand', { ms: 500 }),
    item(4000, 'wipe', 'eu', { ms: 500 }),
  ],
  'A rename in the same commit that restamps the previous name is kept': [
    ...PERSON,
    skew(2000, 'grand', -2 * HOUR_MS),
    ...Array.from({ length: 20 }, (_, b) => item(1, 'rename', 'eu', { b })),
  ],
}

for (const [story, items] of Object.entries(STORIES)) {
  t.test(story, async (t) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { faults } = await simulate({ seed: `${story} ${seed}`, regionals: ['eu', 'us'], items })
      t.strictSame(faults, [], `the network of seed ${seed}`)
    }
  })
}
