/** Checks that `npm run lint` refuses names with a word for which the glossary has another one. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'tap'
import { newDataDir } from './support/data-dir.js'

const FILES: [path: string, text: string, refused: string[]][] = [
  [
    'src/a.ts',
    'const sweeper = 1, victims = [absorbs]\nfunction heard(claimants) {}',
    ['sweeper', 'victims', 'absorbs', 'heard', 'claimants'],
  ],
  [
    'src/b.ts',
    'class B {\n  greeted = 1\n  #feeds = 2\n  buriedRows() {}\n}',
    ['greeted', '#feeds', 'buriedRows'],
  ],
  ['src/c.mts', 'let HTTPAnswer, SQLFeed', ['HTTPAnswer', 'SQLFeed']],
  ['src/lib/sweep/x.ts', 'export {}', ['src/lib/sweep/x.ts']],
  ['src/d.cjs', "module.exports = { 'swept-rows': 1 }", ['swept-rows']],
  ['test/e.js', "send({ type: 'file.retold' })", ['file.retold']],
  ['test/f.tsx', 'const coalesces = <p>told</p>', ['coalesces']],
  ['migrations/0001.sql', 'CREATE TABLE feeds (id TEXT)', ['feeds']],
  [
    'openapi.yaml',
    'paths:\n  /x:\n    get: { operationId: answerRequest }\n  victim: {}',
    ['answerRequest', 'victim'],
  ],
  ['src/plain.ts', "// We sweep and answer.\nconst rotation = feedback + ground('a feed')", ['ground']],
  ['openapi.yml', 'victim: {}', []],
]

test('The lint refuses the words in names of any kind, inflected or not, and in nothing else', async (t) => {
  const root = await newDataDir(t)
  for (const [path, text] of FILES) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), `${text}\n`)
  }
  const run = (program: string, ...args: string[]) =>
    spawnSync(program, args, { cwd: root, encoding: 'utf8' })
  run('git', 'init', '--quiet')
  run('git', 'add', '.')
  const { status, stderr } = run(process.execPath, resolve('scripts/check-words.mjs'))
  t.equal(status, 1)
  const faults = stderr.trim().split('\n')
  for (const [path, , refused] of FILES) {
    const named = faults.map((fault) => /^(.*):\d+: (.*): say /.exec(fault) ?? [])
    t.same(
      named.filter(([, at]) => at === path).map(([, , name]) => name),
      refused,
      path,
    )
  }
})
