import {
  type Compilable,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import { type Query, Slot } from './database.js'
import type { Tables } from './tables.js'

/** A builder that never runs anything: databases run what it builds. */
export function queryBuilder<Schema>(): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
}

/** A constant that stands in the text of a query: bound like a parameter it would hide partial indexes from SQLite. */
export function constant<T extends string | number>(value: T) {
  return sql.lit(value)
}

/** Builds queries on a regional server's tables. */
export const query = queryBuilder<Tables>()

/**
 * A query that is compiled once, with named slots for its parameters (compiling costs more than running).
 * @example const byId = prepare<{ id: string }>()((slot) => query.selectFrom('users').selectAll().where('id', '=', slot('id')))
 */
export function prepare<Params = Record<never, never>>() {
  return <Row>(
    build: (slot: <Name extends keyof Params & string>(name: Name) => Params[Name]) => Compilable<Row>,
  ): Query<Params, Row> => {
    const slot = <Name extends keyof Params & string>(name: Name) => new Slot(name) as unknown as Params[Name]
    const { sql: text, parameters } = build(slot).compile()
    return { sql: text, parameters }
  }
}
