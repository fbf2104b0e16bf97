// Finds identifiers, quoted names, and names of files and folders with a word for which the field has another one. Words with
// several meanings are not listed. Part of `npm run lint`.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** The replacement of each word and its regular inflections. */
const INSTEAD = {
  absorb: 'apply',
  answer: 'response',
  buri: 'tombstone',
  bury: 'tombstone',
  chance: 'random',
  claimant: 'holder of the name',
  coalesc: 'batching',
  deed: 'user action',
  dice: 'random',
  feed: 'event log',
  greet: 'welcome, hello, handshake',
  ground: 'deps',
  hear: 'observe, receive',
  heard: 'observed, received',
  intake: 'ingest',
  lacking: 'missing',
  landed: 'released',
  misspelt: 'misspelled',
  parked: 'dead letter',
  planted: 'mutant',
  retell: 'snapshot',
  retold: 'snapshot',
  rot: 'corrupt',
  rott: 'corrupt',
  sweep: 'garbage collection',
  swept: 'collected',
  takeoff: 'acquire',
  told: 'sent, reported',
  untold: 'unpublished, unsent',
  unite: 'heal',
  victim: 'target',
}

/** Names in which the word has its ordinary meaning: one answers a friend request. */
const ORDINARY = new Set(['friend_request.answered'])

const SUFFIXES = ['', 's', 'es', 'd', 'ed', 'en', 'er', 'ers', 'ing', 'ings']

const OPTIONS = { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 }
const FOLDERS = ['src', 'test', 'bench', 'scripts', 'migrations', 'openapi.yaml', '.dependency-cruiser.cjs']
const paths = execFileSync('git', ['ls-files', ...FOLDERS], OPTIONS)
  .trim()
  .split('\n')
  .filter((path) => !/generated-clients|check-words|glossary/.test(path))

const faults = paths.flatMap((path) =>
  [[path, 1], ...namesIn(path)].flatMap(([name, line]) =>
    faultsIn(name).map((fault) => `${path}:${line}: ${fault}`),
  ),
)
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1

function faultsIn(name) {
  if (ORDINARY.has(name)) return []
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
  return words.flatMap(replacementOf).map((replacement) => `${name}: say ${replacement}`)
}

function replacementOf(word) {
  const stems = SUFFIXES.filter((suffix) => word.endsWith(suffix)).map((suffix) =>
    word.slice(0, word.length - suffix.length),
  )
  const listed = stems.find((stem) => Object.hasOwn(INSTEAD, stem))
  return listed === undefined ? [] : [INSTEAD[listed]]
}

/** The names in a file, with the lines of their first use. */
function namesIn(path) {
  if (/\.gen\.ts$/.test(path)) return []
  const text = readFileSync(path, 'utf8')
  if (path.endsWith('.sql')) return matchesIn(text.replace(/--.*/g, ''), /(\w+)/g)
  if (path.endsWith('.yaml')) return matchesIn(text, /(?:^ *(?:- )?|operationId: )['"]?([^\s'"#:]+)/g)
  if (!/\.[cm]?[jt]sx?$/.test(path)) return []
  const names = new Map()
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  const visit = (node) => {
    const isName = ts.isIdentifier(node) || ts.isPrivateIdentifier(node)
    // A string without spaces is a key, a type of messages or another name.
    if ((isName || (ts.isStringLiteralLike(node) && /^[\w.-]+$/.test(node.text))) && !names.has(node.text))
      names.set(node.text, file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return [...names]
}

function matchesIn(text, pattern) {
  return text
    .split('\n')
    .flatMap((line, index) => [...line.matchAll(pattern)].map(([, name]) => [name, index + 1]))
}
