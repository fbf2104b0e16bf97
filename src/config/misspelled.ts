import { editDistance } from '../lib/edit-distance.js'
import { type Environment, PREFIX } from './environment.js'
import { isSetByOrchestrator } from './orchestrator.js'

const PREFIX_LETTERS = lettersOf(PREFIX)
const MAX_EDITS = 2

/** A port of one server, which launchers read: `EU_PORT`. */
const SERVER_PORT = /^[A-Z][A-Z0-9_]*_PORT$/

/** Short names of variables. */
export interface KnownVariables {
  /** Read by servers, with the prefix and without. */
  servers: readonly string[]
  /** Read by programs that start servers, only with the prefix. Servers ignore them. */
  launchers: readonly string[]
}

/**
 * Finds misspelled variables, which would otherwise be ignored silently. An environment has variables of other programs
 * (PATH, HOME, SSL_CERT_DIR …), so these alone count as misspelled: names that begin with the prefix, or almost; names that
 * differ from a server's in case and punctuation only (`data_dir`, `DATADIR`); and names within an edit distance of one:
 * two from 9 letters on, one from 7, and below that only the same letters in another order (`PROT`).
 *
 * @returns a line for each
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

/** Removes variables with a short name, and returns the names of those that a server would have read. */
export function prefixedAlone(env: Environment, { servers }: KnownVariables) {
  const short = Object.keys(env).filter((name) => likeShort(name, servers) !== undefined)
  const rest = Object.fromEntries(Object.entries(env).filter(([name]) => !short.includes(name)))
  return { env: rest, short: short.filter((name) => servers.includes(name)) }
}

/** @returns the name itself if it is known, the short name that it misspells, or undefined */
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

/** @returns the part after a misspelled prefix: `PORT` of `SYNC_SPHERE_PORT`, `syncsphere_port` and `SYNCSHPERE_PORT` */
function afterMisspelledPrefix(name: string): string | undefined {
  const end = [...name.matchAll(/[^A-Za-z0-9]/g)].find(
    ({ index }) => editDistance(lettersOf(name.slice(0, index)), PREFIX_LETTERS) <= MAX_EDITS,
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
    const maxEdits = candidate.length >= 9 ? MAX_EDITS : 1
    return Math.abs(name.length - candidate.length) <= maxEdits && editDistance(name, candidate) <= maxEdits
  })
}

function nearest(name: string, known: readonly string[]): string | undefined {
  return known.find((candidate) => editDistance(name, candidate) <= MAX_EDITS)
}

function lettersOf(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
}

function sortedLetters(name: string): string {
  return [...name].sort().join('')
}
