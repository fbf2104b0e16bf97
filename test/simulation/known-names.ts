/** Names that every server knew at one moment with one holder: they stay with it as long as it claims them. */
import type { Reader } from '../../src/db/engine/database.js'
import type { SimulatedRegional } from './servers.js'

interface Claim {
  name: string
  /** The id of the row that claims the name. */
  claim: string
}

const LOGGED = {
  username: `select username_folded as name, id as claim from users
    where deleted = 0 and is_logged = 1 and username_login = username_folded`,
  email: `select email_folded as name, email_id as claim from users join emails on emails.id = email_id
    where users.deleted = 0 and emails.is_logged = 1 and email_login = email_folded`,
}
const CLAIMED = {
  username: `select username_folded as name, id as claim, username_login = username_folded as holds from users
    where deleted = 0`,
  email: `select email_folded as name, email_id as claim, email_login = email_folded as holds from users
    where deleted = 0 and email_folded <> ''`,
}
type Column = keyof typeof LOGGED
const COLUMNS: Column[] = ['username', 'email']

export class KnownNames {
  readonly #regionals: SimulatedRegional[]
  readonly #known = { username: new Map<string, string>(), email: new Map<string, string>() }

  constructor(regionals: SimulatedRegional[]) {
    this.#regionals = regionals
  }

  /** Notes the names that all regionals know now. */
  note(): void {
    for (const column of COLUMNS) {
      const [first, ...others] = this.#regionals.map(
        ({ reader }) =>
          new Map(rowsOf<Claim>(reader, LOGGED[column]).map(({ name, claim }) => [name, claim])),
      )
      for (const [name, claim] of first ?? [])
        if (others.every((names) => names.get(name) === claim)) this.#known[column].set(name, claim)
    }
  }

  /** A log of more than a day does not believe any more what servers report of one before it. */
  forget(): void {
    for (const column of COLUMNS) this.#known[column].clear()
  }

  /** The names that a live account still claims, and another one holds. */
  faults(): string[] {
    const [first] = this.#regionals
    if (first === undefined) return []
    return COLUMNS.flatMap((column) =>
      rowsOf<Claim & { holds: number }>(first.reader, CLAIMED[column])
        .filter(({ name, claim, holds }) => holds === 0 && this.#known[column].get(name) === claim)
        .map(
          ({ name, claim }) => `the ${column} ${name} was taken from ${claim}, though all servers knew it`,
        ),
    )
  }
}

function rowsOf<Row>(reader: Reader, sql: string): Row[] {
  return reader.all<unknown, Row>({ sql, parameters: [] })
}
