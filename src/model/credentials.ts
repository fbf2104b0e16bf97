/**
 * Which passwords of an account hold, and until when.
 *
 * Passwords form chains. A root replaces none: the account's first password, or one that an operator set. Any other names the
 * password that it replaces. Of several that replace the same one the earliest holds; the others, and all that build on
 * them, never do. A root ends every chain before it. So a change of password wins over all that is done later with the old
 * one, on whatever side of a partition.
 *
 * Pure, and a function of the set alone: servers with the same passwords agree, in whatever order these arrived.
 */
import { compareText } from './compare.js'

/** A password, without its hash. */
export interface PasswordLink {
  id: string
  /** The stamp with which it was set. */
  created_stamp: string
  /** The id of the password that it replaces; null for a root. */
  replaces: string | null
}

/** Later than every stamp: the password is the current one. */
export const STILL_HELD = '~'

/** Earlier than every stamp: the password never holds. */
export const NEVER_HELD = ''

/** Maps the id of each password to the stamp until which it holds. */
export function heldUntil(passwords: readonly PasswordLink[]): Map<string, string> {
  const held = new Map(passwords.map(({ id }) => [id, NEVER_HELD]))
  const successors = Map.groupBy(passwords.toSorted(byAge), ({ replaces }) => replaces)
  const roots = successors.get(null) ?? []
  for (const [index, root] of roots.entries()) {
    const end = roots[index + 1]?.created_stamp ?? STILL_HELD
    const successorOf = (link: PasswordLink) =>
      successors
        .get(link.id)
        ?.find(({ created_stamp }) => created_stamp > link.created_stamp && created_stamp < end)
    for (let link: PasswordLink | undefined = root; link !== undefined; ) {
      const next = successorOf(link)
      held.set(link.id, next?.created_stamp ?? end)
      link = next
    }
  }
  return held
}

function byAge(a: PasswordLink, b: PasswordLink): number {
  return compareText(a.created_stamp, b.created_stamp) || compareText(a.id, b.id)
}

/** What was done under a password: a new email, a deletion, a token. */
export interface Act {
  created_stamp: string
  /** Null for the operator, who needs none. */
  password_id: string | null
}

/** Whether an act counts: its password held when it was done. */
export function counts({ created_stamp, password_id }: Act, held: ReadonlyMap<string, string>): boolean {
  return password_id === null || created_stamp < (held.get(password_id) ?? NEVER_HELD)
}
