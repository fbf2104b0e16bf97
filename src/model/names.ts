/**
 * Rules for names, for the API, the operator's commands and changes of other servers alike. Each `faultOf…` function
 * returns the fault of a text as a predicate to follow the field's name ("must not be empty"), or undefined.
 */
import { domainToASCII } from 'node:url'

const MAX_FILE_NAME_BYTES = 255
const MAX_FOLDER_BYTES = 1024
const MAX_EMAIL_BYTES = 254
const USERNAME_CHARACTERS = { min: 3, max: 32 }

/** No combining mark at the start: it would be displayed on the character before the name. */
const USERNAME = /^[\p{L}\p{N}._-][\p{L}\p{M}\p{N}._-]*$/u

/** Names with and without these characters look the same (UTS 39 section 3.1, RFC 8264 section 9.13). */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u

/** Scripts with letters that look like those of Latin or of each other. */
const LOOKALIKES = [
  { has: /\p{Script=Cyrillic}/u, other: /[^\p{scx=Cyrillic}\p{sc=Common}\p{sc=Inherited}]/u },
  { has: /\p{Script=Greek}/u, other: /[^\p{scx=Greek}\p{sc=Common}\p{sc=Inherited}]/u },
  { has: /\p{Script=Armenian}/u, other: /[^\p{scx=Armenian}\p{sc=Common}\p{sc=Inherited}]/u },
  { has: /\p{Script=Cherokee}/u, other: /[^\p{scx=Cherokee}\p{sc=Common}\p{sc=Inherited}]/u },
  { has: /\p{Script=Coptic}/u, other: /[^\p{scx=Coptic}\p{sc=Common}\p{sc=Inherited}]/u },
]

/**
 * The stored form of a username: NFKC, trimmed since keyboards add spaces, with its case as typed. NFKC decomposes the
 * vowel AM of Thai and Lao, which then is displayed incorrectly, so it is composed again.
 */
export function normalizeUsername(typed: string): string {
  const nfkc = typed.trim().normalize('NFKC')
  return nfkc.replaceAll('\u0e4d\u0e32', '\u0e33').replaceAll('\u0ecd\u0eb2', '\u0eb3')
}

/**
 * Checks a normalized username. Scripts that look alike must not be mixed (UTS 39 section 5.2, "moderately restrictive"),
 * so no letter of `noam` can be Cyrillic. A name entirely in another script is allowed.
 */
export function faultOfUsername(username: string): string | undefined {
  const { min, max } = USERNAME_CHARACTERS
  const length = [...username].length
  if (length < min || length > max || !USERNAME.test(username)) {
    return `must be ${min} to ${max} letters, digits, dots, underscores or hyphens`
  }
  if (INVISIBLE.test(username)) return 'must not contain invisible characters'
  if (LOOKALIKES.some(({ has, other }) => has.test(username) && other.test(username))) {
    return 'must not mix scripts whose letters look alike'
  }
  return undefined
}

/** Accepts every mailbox that can receive mail, also in a local network or in any script (RFC 5321, RFC 6531). */
export function faultOfEmail(email: string): string | undefined {
  const at = email.lastIndexOf('@')
  if (Buffer.byteLength(email) > MAX_EMAIL_BYTES) return `must not be longer than ${MAX_EMAIL_BYTES} bytes`
  if (
    at < 1 ||
    /[\s@\p{C}]/u.test(email.slice(0, at)) ||
    INVISIBLE.test(email) ||
    !isHost(email.slice(at + 1))
  ) {
    return 'must be an email address, such as dana@example.org'
  }
  return undefined
}

export function faultOfFileName(name: string): string | undefined {
  if (name === '.' || name === '..') return 'must not be . or ..'
  if (name.includes('/')) return 'must not contain /'
  if (Buffer.byteLength(name) > MAX_FILE_NAME_BYTES)
    return `must not be longer than ${MAX_FILE_NAME_BYTES} bytes`
  return faultOfText(name)
}

/** The stored form of a folder: NFC, since clients encode the same letters in two ways. */
export function normalizeFolder(typed: string): string {
  return typed.normalize('NFC')
}

/** A folder is an absolute path of names, without a trailing slash except for the root. */
export function faultOfFolder(folder: string): string | undefined {
  if (Buffer.byteLength(folder) > MAX_FOLDER_BYTES) return `must not be longer than ${MAX_FOLDER_BYTES} bytes`
  if (!folder.startsWith('/')) return 'must begin with /'
  if (folder === '/') return undefined
  for (const name of folder.slice(1).split('/')) {
    const fault = faultOfFileName(name)
    if (fault !== undefined) return `contains a name that ${fault}`
  }
  return undefined
}

/** The rules for every text that names something. */
export function faultOfText(text: string): string | undefined {
  if (text === '') return 'must not be empty'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must match control characters
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text)) return 'must not contain control characters'
  if (!text.isWellFormed()) return 'must be well-formed Unicode'
  return undefined
}

/**
 * Checks a username that another server has accepted. That server may use a newer Unicode version, so only rules that no
 * version changes apply. `~` marks the names of accounts that lost a name conflict.
 */
export function faultOfClaimedUsername(username: string): string | undefined {
  return username.includes('~') ? 'must not contain ~' : faultOfText(username)
}

function isHost(host: string): boolean {
  const isLabel = (label: string) => /^[^-\s/:?#[\]@%\\](?:[^\s/:?#[\]@%\\]*[^-\s/:?#[\]@%\\])?$/.test(label)
  return host.split('.').every(isLabel) && domainToASCII(host) !== ''
}
