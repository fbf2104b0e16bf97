/** Ways to lose something that simulations have found, each cut down to what it takes. */
import t from 'tap'
import type { Item } from './plan.js'
import { simulate } from './simulate.js'

const HOUR_MS = 3600_000

/** One item; what it does not say plays no part in it. */
function item(gapMs: number, what: Item['what'], server: string, more: Partial<Item> = {}): Item {
  return { gapMs, what, server, a: 0, b: 0, ms: 0, how: 'reset', ...more }
}

/** Sets a server's clock ahead of the true time, or behind it. */
function skew(gapMs: number, server: string, aheadMs: number): Item {
  return item(gapMs, 'skew', server, { ms: aheadMs })
}

const PERSON = [item(500, 'register', 'eu'), item(500, 'upload', 'eu', { a: 1 })]

const STORIES: Record<string, Item[]> = {
  'somebody asks for a friendship in the moment that her account goes': [
    item(500, 'register', 'eu', { a: 1, b: 1 }),
    item(500, 'register', 'eu', { a: 2, b: 2 }),
    item(500, 'leave', 'eu', { a: 0 }),
    item(0, 'ask', 'eu', { a: 0, b: 1 }),
  ],
  'the grand loses its log before it has heard of rows that are stamped by a clock two hours ahead': [
    ...PERSON,
    item(500, 'part', 'eu', { ms: 3000 }),
    skew(100, 'eu', 2 * HOUR_MS),
    item(100, 'rename', 'eu', { b: 1 }),
    item(100, 'wipe', 'grand', { ms: 500 }),
  ],
  'the grand loses its log before it has heard of a name that gave way to another, both by a clock two hours ahead':
    [
      ...PERSON,
      item(500, 'part', 'eu', { ms: 3000 }),
      skew(100, 'eu', 2 * HOUR_MS),
      item(100, 'rename', 'eu', { b: 1 }),
      item(100, 'rename', 'eu', { b: 2 }),
      item(100, 'wipe', 'grand', { ms: 500 }),
    ],
  'an account is deleted, and its file of which the deletion itself is lost is cleaned away on one server': [
    ...PERSON,
    item(500, 'part', 'eu', { ms: 3000 }),
    item(500, 'delete', 'eu'),
    item(500, 'leave', 'us'),
    item(500, 'clean', 'us'),
    item(500, 'wipe', 'eu', { ms: 500 }),
  ],
  'a regional hears of a name that was given by a clock ahead only from a row that is told again': [
    ...PERSON,
    skew(500, 'eu', 25_000),
    item(500, 'rename', 'eu', { b: 1 }),
    item(500, 'wipe', 'us', { ms: 20 }),
    item(0, 'wipe', 'grand', { ms: 10 }),
  ],
  'the last server that has heard of a new name waits for its file, and the log is lost': [
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
  'a file is renamed by a clock so far ahead that the grand takes only the upload': [
    item(500, 'register', 'eu'),
    item(500, 'part', 'eu', { ms: 7300 }),
    skew(100, 'eu', 66_000),
    item(100, 'upload', 'eu', { a: 1 }),
    item(100, 'upload', 'us', { a: 2 }),
    item(6900, 'rename', 'eu', { b: 1 }),
    item(100, 'crash', 'eu', { ms: 500 }),
  ],
  'a regional comes back from a backup that was made while its clock was ahead': [
    ...PERSON,
    item(500, 'part', 'eu', { ms: 2000 }),
    skew(100, 'eu', 2 * HOUR_MS),
    item(100, 'rename', 'eu', { b: 1 }),
    item(100, 'backup', 'eu'),
    item(15_000, 'rename', 'us', { b: 2 }),
    item(1000, 'restore', 'eu', { ms: 500 }),
  ],
  'the clock of the grand is put back by two hours': [
    skew(0, 'grand', 2 * HOUR_MS),
    item(500, 'restart', 'eu', { ms: 100 }),
    item(2000, 'register', 'eu'),
    item(2000, 'upload', 'eu', { a: 1 }),
    skew(2000, 'grand', 0),
    item(500, 'rename', 'us', { b: 1 }),
    item(500, 'rename', 'eu', { b: 2 }),
  ],
  'a file is renamed in the very commit that stamps its last name anew': [
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
