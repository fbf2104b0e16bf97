import { editDistance } from '../lib/edit-distance.js'
import { type Environment, PREFIX } from './environment.js'
import { isSetByOrchestrator } from './orchestrator.js'

const PREFIX_LETTERS = lettersOf(PREFIX)
const MOST_EDITS = 2

/** The port of one server of a sphere, for what starts them: `EU_PORT`. */
const SERVER_PORT = /^[A-Z][A-Z0-9_]*_PORT$/

/** Short names of variables. */
export interface KnownVariables {
  /** Of the servers: each counts with the prefix and without. */
  servers: readonly string[]
  /** Of what starts servers: these have no other name than the prefixed one, and servers ignore them. */
  launchers: readonly string[]
}

/**
 * Finds variables that were meant for this program but that it does not know, which would otherwise be ignored
 * silently. Any environment holds variables of others (PATH, HOME, SSL_CERT_DIR …), so only these are taken for misspelt:
 * names that begin with the prefix, or almost; names that are one of the servers' but for case and punctuation
 * (`data_dir`, `DATADIR`); and names as few letters away from one (inserted, dropped, replaced, swapped) as its length
 * allows: two from 9 letters on, one from 7, and below that only all the same letters in another order (`PROT`).
 *
 * @returns one line for each
 */
export function findMisspelled(env: Environment, known: KnownVariables): string[] {
  const faults: string[] = []
  for (const name of Object.keys(env).sort()) {
    if (isSetByOrchestrator(name, env[name])) continue
    const meant = closestTo(name, known)
    if (meant === name) continue
    if (meant) faults.push(`${name}: unknown; is ${PREFIX}${meant} meant?`)
    else if (name.startsWith(PREFIX)) faults.push(`${name}: unknown; SyncSphere has no variable of this name`)
  }
  return faults
}

/** The environment without what counts only by its short name; says as well which names those were. */
export function prefixedAlone(env: Environment, { servers }: KnownVariables) {
  const short = Object.keys(env).filter((name) => likeShort(name, servers) !== undefined)
  const rest = Object.fromEntries(Object.entries(env).filter(([name]) => !short.includes(name)))
  return { env: rest, short: short.filter((name) => servers.includes(name)) }
}

/** The name itself where it is known, the short name that it is a misspelling of, or undefined. */
function closestTo(name: string, { servers, launchers }: KnownVariables): string | undefined {
  const all = [...servers, ...launchers]
  if (name.startsWith(PREFIX)) {
    const short = name.slice(PREFIX.length)
    return all.includes(short) || SERVER_PORT.test(short) ? name : (like(short, all) ?? nearest(short, all))
  }
  const short = afterMisspelledPrefix(name)
  if (short !== undefined) return like(short, all)
  return likeShort(name, servers)
}

function likeShort(name: string, servers: readonly string[]): string | undefined {
  return name.startsWith(PREFIX) ? undefined : like(name, servers)
}

/** What follows a prefix that is almost ours: `PORT` of `SYNC_SPHERE_PORT`, `syncsphere_port` and `SYNCSHPERE_PORT`. */
function afterMisspelledPrefix(name: string): string | undefined {
  const end = [...name.matchAll(/[^A-Za-z0-9]/g)].find(
    ({ index }) => editDistance(lettersOf(name.slice(0, index)), PREFIX_LETTERS) <= MOST_EDITS,
  )?.index
  return end === undefined ? undefined : name.slice(end + 1).toUpperCase()
}

function like(name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return name
  const letters = lettersOf(name)
  const sorted = sortedLetters(name)
  return known.find((candidate) => {
    if (candidate.length < 7) return sorted === sortedLetters(candidate)
    if (letters.length >= 7 && letters === lettersOf(candidate)) return true
    const most = candidate.length >= 9 ? MOST_EDITS : 1
    return Math.abs(name.length - candidate.length) <= most && editDistance(name, candidate) <= most
  })
}

function nearest(name: string, known: readonly string[]): string | undefined {
  return known.find((candidate) => editDistance(name, candidate) <= MOST_EDITS)
}

function lettersOf(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
}

function sortedLetters(name: string): string {
  return [...name].sort().join('')
}
