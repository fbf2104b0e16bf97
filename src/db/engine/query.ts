import {
  type Compilable,
  DummyDriver,
  Kysely,
  type LimitNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Query } from './database.js'
import { Parameter } from './parameter.js'

/** Compiles queries that SQLite plans once, however often they run. */
class StablePlanCompiler extends SqliteQueryCompiler {
  /**
   * Only slots become parameters: SQLite uses a partial index only when the SQL text implies its condition. The unary
   * plus keeps the value, but stops SQLite from reading a bare parameter while planning and re-planning at every binding.
   */
  protected override appendValue(value: unknown): void {
    if (value instanceof Parameter) {
      this.append('+')
      super.appendValue(value)
    } else this.appendImmediateValue(value)
  }

  /** In a LIMIT the planner ignores a unary plus and would re-plan at every run. */
  protected override visitLimit(node: LimitNode): void {
    super.visitLimit(node)
    this.append(' + 0')
  }
}

/** A Kysely instance that only builds queries; a `Database` runs them. */
export function queryBuilder<Schema>(): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new StablePlanCompiler(),
    },
  })
}

/** Returns the slot of a named parameter, typed as its value. */
export type SlotFactory<Params> = <Name extends keyof Params & string>(name: Name) => Params[Name]

/** Every query that `prepare` has built, for the test of their plans. */
export const preparedQueries: { sql: string }[] = []

/**
 * Compiles a query once, with named slots for its parameters: compiling costs more than running.
 * @example const byId = prepare<{ id: string }>()((slot) => query.selectFrom('users').selectAll().where('id', '=', slot('id')))
 */
export function prepare<Params = Record<never, never>>() {
  return <Row>(build: (slot: SlotFactory<Params>) => Compilable<Row>): Query<Params, Row> => {
    const slot = <Name extends keyof Params & string>(name: Name) =>
      new Parameter(name) as unknown as Params[Name]
    const { sql, parameters } = build(slot).compile()
    preparedQueries.push({ sql })
    return { sql, parameters }
  }
}
