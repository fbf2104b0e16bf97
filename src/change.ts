/**
 * Every replicated fact.
 *
 * A change is the after-image of some fields of one row, never a command. `TABLES` declares for each field how two
 * values of it merge; `CHANGES` declares which fields each type of change carries. Both are data: the schemas, the
 * TypeScript types, the merge and the storage are made from them.
 */
import Type, { type TObject, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { faultOfClaimedUsername, faultOfFileName, faultOfFolder, faultOfText } from './names.js'

/**
 * How two values of one field merge; each is a join (commutative, associative, idempotent), so that the order and
 * the number of deliveries never matter.
 *
 * - `once`: set at creation and never changed
 * - `latest`: the value with the higher stamp
 * - `latch`: once true, true for ever
 * - `max`: the larger value
 */
export type Rule = 'once' | 'latest' | 'latch' | 'max'

interface Field {
  rule: Rule
  schema: TSchema
  /** What is wrong with a text that the schema takes. */
  faultOf?: (text: string) => string | undefined
}

const id = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$' })
const time = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' })
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const bytes = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const flag = Type.Literal(true)
const stamp = Type.String({ pattern: '^[0-9a-f]{12}-[0-9a-f]{4}-[a-z][a-z0-9-]{0,31}$' })
const text = (maxLength: number) => Type.String({ maxLength })
const oneOf = <const T extends string[]>(...values: T) =>
  Type.Union(values.map((value) => Type.Literal(value)))

const once = (schema: TSchema, faultOf?: Field['faultOf']) =>
  ({ rule: 'once', schema, ...(faultOf && { faultOf }) }) as const
const latest = (schema: TSchema, faultOf?: Field['faultOf']) =>
  ({ rule: 'latest', schema, ...(faultOf && { faultOf }) }) as const
const latch = { rule: 'latch', schema: flag } as const
const max = (schema: TSchema) => ({ rule: 'max', schema }) as const

/** The replicated tables. `erased` fields are blanked once `deleted` is true: a tombstone keeps no personal data. */
export const TABLES = {
  users: {
    fields: {
      username: once(text(96), faultOfClaimedUsername),
      created_at: once(time),
      email: latest(text(254), faultOfText),
      password_hash: latest(text(256)),
      storage_quota: latest(bytes),
      /** By an operator: nobody logs in as this account, and others see nothing of it (see domain/administration.ts). */
      disabled: latest(Type.Boolean()),
      deleted: latch,
    },
    erased: ['username', 'email', 'password_hash'],
  },
  files: {
    fields: {
      owner_id: once(id),
      size: once(bytes),
      media_type: once(text(255)),
      sha256: once(sha256),
      created_at: once(time),
      name: latest(text(255), faultOfFileName),
      folder: latest(text(1024), faultOfFolder),
      visibility: latest(oneOf('private', 'friends', 'public')),
      modified_at: max(time),
      deleted: latch,
    },
    erased: ['name', 'folder', 'media_type'],
  },
  sessions: {
    fields: {
      user_id: once(id),
      secret_sha256: once(sha256),
      created_at: once(time),
      expires_at: once(time),
      user_agent: once(text(256)),
      /** The stamp of the password that this session trusts: another password ends it (see domain/sessions.ts). */
      password_stamp: max(stamp),
      revoked: latch,
    },
    erased: [],
  },
  tokens: {
    fields: {
      user_id: once(id),
      name: once(text(255), faultOfText),
      scope: once(oneOf('read', 'write')),
      secret_sha256: once(sha256),
      created_at: once(time),
      expires_at: once(Type.Union([time, Type.Null()])),
      revoked: latch,
    },
    erased: [],
  },
  friend_requests: {
    fields: {
      from_id: once(id),
      to_id: once(id),
      created_at: once(time),
      status: latest(oneOf('pending', 'accepted', 'rejected', 'cancelled')),
    },
    erased: [],
  },
  /** One row per unordered pair, its key both ids in ascending order: symmetric by construction. */
  friendships: {
    fields: {
      user_a: once(id),
      user_b: once(id),
      active: latest(Type.Boolean()),
      since: latest(time),
    },
    erased: [],
  },
} as const satisfies Record<string, { fields: Record<string, Field>; erased: readonly string[] }>

export type TableName = keyof typeof TABLES
type FieldName<T extends TableName> = keyof (typeof TABLES)[T]['fields'] & string

interface ChangeShape<T extends TableName = TableName> {
  table: T
  required: readonly string[]
  optional: readonly string[]
  /** A retold row carries the stamp of each of its `latest` fields (design: an emptied grand is refilled). */
  retold: boolean
}

function change<T extends TableName>(
  table: T,
  required: FieldName<T>[],
  optional: FieldName<T>[] = [],
): ChangeShape<T> {
  return { table, required, optional, retold: false }
}

function retold<T extends TableName>(table: T): ChangeShape<T> {
  const fields = TABLES[table].fields as Record<string, Field>
  const names = Object.keys(fields)
  const required = names.filter((name) => fields[name]?.rule !== 'latch')
  const optional = names.filter((name) => fields[name]?.rule === 'latch')
  return { table, required, optional, retold: true }
}

/** Each type of change: what happened, in which table, with which fields. Closed: another type or field is refused. */
export const CHANGES = {
  'user.registered': change('users', [
    'username',
    'created_at',
    'email',
    'password_hash',
    'storage_quota',
    'disabled',
  ]),
  'user.updated': change('users', [], ['email', 'password_hash', 'storage_quota', 'disabled']),
  'user.deleted': change('users', ['deleted']),
  'file.uploaded': change('files', [
    'owner_id',
    'size',
    'media_type',
    'sha256',
    'created_at',
    'name',
    'folder',
    'visibility',
    'modified_at',
  ]),
  'file.updated': change('files', ['modified_at'], ['name', 'folder', 'visibility']),
  'file.deleted': change('files', ['deleted']),
  'session.opened': change('sessions', [
    'user_id',
    'secret_sha256',
    'created_at',
    'expires_at',
    'user_agent',
    'password_stamp',
  ]),
  'session.renewed': change('sessions', ['password_stamp']),
  'session.revoked': change('sessions', ['revoked']),
  'token.created': change('tokens', [
    'user_id',
    'name',
    'scope',
    'secret_sha256',
    'created_at',
    'expires_at',
  ]),
  'token.revoked': change('tokens', ['revoked']),
  'friend.requested': change('friend_requests', ['from_id', 'to_id', 'created_at', 'status']),
  'friend.answered': change('friend_requests', ['status']),
  'friendship.set': change('friendships', ['user_a', 'user_b', 'active', 'since']),
  'user.retold': retold('users'),
  'file.retold': retold('files'),
  'session.retold': retold('sessions'),
  'token.retold': retold('tokens'),
  'friend_request.retold': retold('friend_requests'),
  'friendship.retold': retold('friendships'),
} as const satisfies Record<string, ChangeShape>

export type ChangeType = keyof typeof CHANGES

/** The value of one field, as it travels and as the database keeps it (true is kept as 1). */
export type Value = string | number | boolean | null

/** What a writer states; the journal adds the rest of the envelope. */
export interface Draft {
  type: ChangeType
  key: string
  fields: Record<string, Value>
}

/** What merging needs to know. */
export interface Fact extends Draft {
  /** Hybrid logical clock (see clock.ts); the facts of one unit of work bear the same. */
  stamp: string
  /** Only in retold rows: the stamp of each `latest` field. */
  stamps?: Record<string, string>
}

/** A change on the wire, in the outbox and in the log. */
export interface Change extends Fact {
  /** Version of this format. */
  v: 1
  /** UUIDv7; the same change sent twice has the same id. */
  id: string
  /** Name of the server where it happened, as in that server's certificate. */
  origin: string
  /** Incarnation of the origin's database (32 hex digits). */
  epoch: string
  /** Contiguous from 1 in (origin, epoch). */
  oseq: number
}

/** Longest encoded change, bytes of UTF-8. */
export const MAX_CHANGE_BYTES = 64 * 1024

/** All that a change says of time: a row that is told again bears a stamp for each field, a session that of its password. */
export function stampsOf({
  stamp,
  stamps,
  fields: { password_stamp },
}: Pick<Change, 'stamp' | 'stamps'> & { fields: Record<string, unknown> }): string[] {
  return [
    stamp,
    ...Object.values(stamps ?? {}),
    ...(typeof password_stamp === 'string' ? [password_stamp] : []),
  ]
}

export function tableOf(type: ChangeType): TableName {
  return CHANGES[type].table
}

const key = Type.String({ minLength: 1, maxLength: 80, pattern: '^[0-9a-f-]+(:[0-9a-f-]+)?$' })

function schemaOf(type: ChangeType): TObject {
  const shape: ChangeShape = CHANGES[type]
  const fields = TABLES[shape.table].fields as Record<string, Field>
  const properties: Record<string, TSchema> = {}
  for (const name of shape.required) properties[name] = (fields[name] as Field).schema
  for (const name of shape.optional) properties[name] = Type.Optional((fields[name] as Field).schema)
  const stamped = Object.keys(fields).filter((name) => fields[name]?.rule === 'latest')
  const stamps = Type.Object(Object.fromEntries(stamped.map((name) => [name, stamp])), {
    additionalProperties: false,
  })
  return Type.Object(
    {
      v: Type.Literal(1),
      id,
      origin: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
      epoch: Type.String({ pattern: '^[0-9a-f]{32}$' }),
      oseq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
      stamp,
      type: Type.Literal(type),
      key,
      fields: Type.Object(properties, { additionalProperties: false }),
      ...(shape.retold ? { stamps } : {}),
    },
    { additionalProperties: false },
  )
}

const validators = new Map(
  Object.keys(CHANGES).map((type) => [type, Compile(schemaOf(type as ChangeType))] as const),
)

/**
 * What is wrong with a value that claims to be a change, in one line, or undefined if it is one.
 * Size is the caller's to check, on the encoded form.
 */
export function faultOfChange(value: unknown): string | undefined {
  const type = (value as { type?: unknown } | null)?.type
  const validator = typeof type === 'string' ? validators.get(type) : undefined
  if (validator === undefined) return 'unknown type of change'
  if (validator.Check(value)) return faultOfTexts(value as Fact)
  const [first] = validator.Errors(value)
  return first === undefined ? 'not a change' : `${first.instancePath || '/'} ${first.message}`
}

function faultOfTexts({ type, fields }: Fact): string | undefined {
  const declared = TABLES[tableOf(type)].fields as Record<string, Field>
  for (const [name, value] of Object.entries(fields)) {
    // What a deleted row has erased is empty.
    const fault = fields['deleted'] && value === '' ? undefined : declared[name]?.faultOf?.(String(value))
    if (fault !== undefined) return `/fields/${name} ${fault}`
  }
  return undefined
}
