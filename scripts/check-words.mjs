// Finds identifiers and file names with a word for which the field has another one. Words with several meanings are not
// listed. Part of `npm run lint`.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import ts from 'typescript'

/** The replacement of each word. */
const INSTEAD = {
  absorb: 'apply',
  answer: 'response',
  bury: 'tombstone',
  buried: 'tombstone',
  chance: 'random',
  claimant: 'holder of the name',
  coalescing: 'batching',
  deed: 'user action',
  deeds: 'user actions',
  dice: 'random',
  feed: 'event log',
  greet: 'welcome, hello',
  greeting: 'handshake',
  ground: 'deps',
  hear: 'observe, receive',
  intake: 'ingest',
  lacking: 'missing',
  landed: 'released',
  misspelt: 'misspelled',
  parked: 'dead letter',
  planted: 'mutant',
  retell: 'snapshot',
  retold: 'snapshot',
  rot: 'corrupt',
  rotten: 'corrupt',
  sweep: 'garbage collection',
  swept: 'collected',
  takeoff: 'acquire',
  told: 'sent, reported',
  untold: 'unpublished, unsent',
  unite: 'heal',
  victim: 'target',
}

const OPTIONS = { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 }
const paths = execFileSync('git', ['ls-files', 'src', 'test', 'bench', 'scripts', 'migrations'], OPTIONS)
  .trim()
  .split('\n')
  .filter((path) => !path.includes('generated-clients') && path !== 'scripts/check-words.mjs')

const faults = paths.flatMap((path) => [
  ...faultsIn(basename(path)).map((fault) => `${path}: ${fault}`),
  ...namesIn(path).flatMap(([name, line]) => faultsIn(name).map((fault) => `${path}:${line}: ${fault}`)),
])
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1

function faultsIn(name) {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
  return words.filter((word) => Object.hasOwn(INSTEAD, word)).map((word) => `${name}: say ${INSTEAD[word]}`)
}

/** The identifiers of a file, with their lines. */
function namesIn(path) {
  if (/\.gen\.ts$/.test(path)) return []
  const text = readFileSync(path, 'utf8')
  if (path.endsWith('.sql')) return wordsOf(text.replace(/--.*/g, ''))
  if (!/\.(ts|mjs)$/.test(path)) return []
  const scanned = new Map()
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  const visit = (node) => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node))
      if (!scanned.has(node.text))
        scanned.set(node.text, file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return [...scanned]
}

function wordsOf(text) {
  return text
    .split('\n')
    .flatMap((line, index) => [...line.matchAll(/\w+/g)].map(([word]) => [word, index + 1]))
}
