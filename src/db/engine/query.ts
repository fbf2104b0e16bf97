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

/** Writes queries that SQLite plans once, however often they run. */
class StablePlanCompiler extends SqliteQueryCompiler {
  /**
   * Only slots become parameters: a partial index is used where the query's text implies its condition. The unary plus
   * changes nothing but this: SQLite reads a bare parameter while it plans a join, and plans anew at every binding.
   */
  protected override appendValue(value: unknown): void {
    if (value instanceof Parameter) {
      this.append('+')
      super.appendValue(value)
    } else this.appendImmediateValue(value)
  }

  /** The planner sees through a unary plus here, and would plan anew at every run. */
  protected override visitLimit(node: LimitNode): void {
    super.visitLimit(node)
    this.append(' + 0')
  }
}

/** A builder that never runs anything: databases run what it builds. */
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

/** Gives the slots of a query's parameters, by name. */
export type SlotFactory<Params> = <Name extends keyof Params & string>(name: Name) => Params[Name]

/** What `prepare` has built, for the test that reads the plan of each. */
export const preparedQueries: { sql: string }[] = []

/**
 * A query that is compiled once, with named slots for its parameters (compiling costs more than running).
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
