import {
  type Compilable,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Query } from './database.js'
import { Slot } from './query-functions.js'
import type { Tables } from './tables.js'

/**
 * Writes constants into the query and leaves only slots as parameters: SQLite uses a partial index only where the
 * query's text implies the index's condition. Under a parameter it would have to plan anew at every run.
 */
class ConstantsInlined extends SqliteQueryCompiler {
  protected override appendValue(value: unknown): void {
    if (value instanceof Slot) super.appendValue(value)
    else this.appendImmediateValue(value)
  }
}

/** A builder that never runs anything: databases run what it builds. */
export function queryBuilder<Schema>(): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new ConstantsInlined(),
    },
  })
}

/** Builds queries on a regional server's tables. */
export const query = queryBuilder<Tables>()

/** What `prepare` has built, for the test that reads the plan of each. */
export const preparedQueries: { sql: string }[] = []

/**
 * A query that is compiled once, with named slots for its parameters (compiling costs more than running).
 * @example const byId = prepare<{ id: string }>()((slot) => query.selectFrom('users').selectAll().where('id', '=', slot('id')))
 */
export function prepare<Params = Record<never, never>>() {
  return <Row>(
    build: (slot: <Name extends keyof Params & string>(name: Name) => Params[Name]) => Compilable<Row>,
  ): Query<Params, Row> => {
    const slot = <Name extends keyof Params & string>(name: Name) => new Slot(name) as unknown as Params[Name]
    const { sql, parameters } = build(slot).compile()
    preparedQueries.push({ sql })
    return { sql, parameters }
  }
}
