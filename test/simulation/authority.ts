/** Checks by their own reckoning that whatever is in effect was done under a password that held at that moment. */
import type { Reader } from '../../src/db/engine/database.js'

interface Password {
  id: string
  user_id: string
  replaces: string | null
  created_stamp: string
}

interface Act {
  what: string
  user_id: string
  /** Null: an operator did it. */
  password_id: string | null
  at: string
}

const LATER_THAN_ALL = '~'

/** Sessions, tokens and emails in effect. A session needs the password that holds now. */
const ACTS = `
  select 'session' as what, sessions.user_id, sessions.password_id, '${LATER_THAN_ALL}' as at from sessions
    join users on users.id = sessions.user_id and users.password_id = sessions.password_id
    where users.active = 1 and revoked = 0
  union all select 'token', tokens.user_id, tokens.password_id, tokens.created_stamp from tokens
    join users on users.id = tokens.user_id join passwords on passwords.id = tokens.password_id
    where users.active = 1 and revoked = 0 and held_until > tokens.created_stamp
  union all select 'email', emails.user_id, emails.password_id, emails.created_stamp from emails
    join users on users.email_id = emails.id where users.deleted = 0`
const CLOSURES = `select 'closure' as what, user_id, closures.password_id, closures.created_stamp as at from closures
  join users on users.id = user_id where undone = 0 and closed_at is not null and users.deleted = 0`
const PASSWORDS = 'select id, user_id, replaces, created_stamp from passwords where deleted = 0'

export function faultsOfAuthority(reader: Reader): string[] {
  const all = <Row>(sql: string) => reader.all<unknown, Row>({ sql, parameters: [] })
  const passwords = Map.groupBy(all<Password>(PASSWORDS), ({ user_id }) => user_id)
  const isAuthorised = ({ user_id, password_id, at }: Act) =>
    password_id === null || holds(passwords.get(user_id) ?? [], password_id, at)
  const acts = all<Act>(ACTS).filter((act) => !isAuthorised(act))
  const closures = Map.groupBy(all<Act>(CLOSURES), ({ user_id }) => user_id)
  const wronglyClosed = [...closures].filter(([, ofUser]) => !ofUser.some(isAuthorised)).map(([id]) => id)
  return [
    ...acts.map(({ what, user_id, password_id }) => `a ${what} of ${user_id} counts under ${password_id}`),
    ...wronglyClosed.map((id) => `the account ${id} is closed, though no password that held did so`),
  ]
}

/** Whether a password of an account held at a stamp: it was set while its predecessor held, first of all, and not replaced. */
function holds(passwords: Password[], id: string, at: string): boolean {
  const own = passwords.find((password) => password.id === id)
  if (own === undefined) return false
  const isOverruled = passwords.some(
    ({ replaces, created_stamp }) =>
      replaces === null && created_stamp > own.created_stamp && created_stamp <= at,
  )
  const isReplaced = passwords.some(
    ({ replaces, created_stamp }) =>
      replaces === id && created_stamp > own.created_stamp && created_stamp <= at,
  )
  return !isOverruled && !isReplaced && (own.replaces === null || isFirstSuccessor(passwords, own))
}

function isFirstSuccessor(passwords: Password[], own: Password): boolean {
  const previous = passwords.find(({ id }) => id === own.replaces)
  if (previous === undefined || previous.created_stamp >= own.created_stamp) return false
  const others = passwords.filter(({ id }) => id !== own.id)
  return holds(others, previous.id, own.created_stamp)
}
