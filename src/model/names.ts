/**
 * What people may call things: the one place for the API, the operator's commands and what comes from other servers.
 * Each function gives what is wrong with a text, to be read after its name, or undefined.
 */
import { domainToASCII } from 'node:url'

const MAX_FILE_NAME_BYTES = 255
const MAX_FOLDER_BYTES = 1024
const MAX_EMAIL_BYTES = 254
const USERNAME_CHARACTERS = { min: 3, max: 32 }

/** Beginning with a letter or digit: a mark would be shown on whatever stands before the name. */
const USERNAME = /^[\p{L}\p{N}._-][\p{L}\p{M}\p{N}._-]*$/u

/** Not seen, so that two names with and without them look the same (UTS 39 section 3.1, RFC 8264 section 9.13). */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u

/** Letters that look like those of Latin, or of each other. */
const LOOKALIKES = [
  { has: /\p{Script=Cyrillic}/u, other: /[^\p{scx=Cyrillic}\p{sc=Common}\p{sc=Inherited}]/u },
  { has: /\p{Script=Greek}/u, other: /[^\p{scx=Greek}\p{sc=Common}\p{sc=Inherited}]/u },
  { has: /\p{Script=Armenian}/u, other: /[^\p{scx=Armenian}\p{sc=Common}\p{sc=Inherited}]/u },
  { has: /\p{Script=Cherokee}/u, other: /[^\p{scx=Cherokee}\p{sc=Common}\p{sc=Inherited}]/u },
  { has: /\p{Script=Coptic}/u, other: /[^\p{scx=Coptic}\p{sc=Common}\p{sc=Inherited}]/u },
]

/**
 * The form in which a username is kept: NFKC, without the spaces that keyboards add, its case as typed. NFKC takes the
 * vowel AM of Thai and Lao apart, which then is not written as it should be: it stays one.
 */
export function normalizeUsername(typed: string): string {
  const form = typed.trim().normalize('NFKC')
  return form.replaceAll('\u0e4d\u0e32', '\u0e33').replaceAll('\u0ecd\u0eb2', '\u0eb3')
}

/**
 * What is wrong with a username in the form above. Scripts that look alike are not mixed (as in UTS 39 section 5.2,
 * "moderately restrictive"), so that no letter of `noam` is Cyrillic; names that are of another script as a whole remain.
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

/** Any mailbox that mail can be sent to, in a local network or with letters of any script too (RFC 5321, RFC 6531). */
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

/** The form in which a folder is kept: NFC, for clients write the same letters in two ways. */
export function normalizeFolder(typed: string): string {
  return typed.normalize('NFC')
}

/** What is wrong with a folder: an absolute path of names, without a slash at its end but for the root. */
export function faultOfFolder(folder: string): string | undefined {
  if (Buffer.byteLength(folder) > MAX_FOLDER_BYTES) return `must not be longer than ${MAX_FOLDER_BYTES} bytes`
  if (!folder.startsWith('/')) return 'must begin with /'
  if (folder === '/') return undefined
  for (const name of folder.slice(1).split('/')) {
    const fault = faultOfFileName(name)
    if (fault !== undefined) return `has a name that ${fault}`
  }
  return undefined
}

/** What no text that names something may be. */
export function faultOfText(text: string): string | undefined {
  if (text === '') return 'must not be empty'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text)) return 'must not contain control characters'
  if (!text.isWellFormed()) return 'must be well-formed Unicode'
  return undefined
}

/**
 * What is wrong with a username that another server has taken: it may know letters of a newer Unicode, so this asks only
 * for what no version of it changes. `~` marks the names of those who do not hold theirs.
 */
export function faultOfClaimedUsername(username: string): string | undefined {
  return username.includes('~') ? 'must not contain ~' : faultOfText(username)
}

function isHost(host: string): boolean {
  const isLabel = (label: string) => /^[^-\s/:?#[\]@%\\](?:[^\s/:?#[\]@%\\]*[^-\s/:?#[\]@%\\])?$/.test(label)
  return host.split('.').every(isLabel) && domainToASCII(host) !== ''
}
