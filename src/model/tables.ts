/**
 * The replicated tables as data: for each field how two values of it merge. Schemas, types, the merge and the storage are
 * made from them.
 */
import Type, { type TSchema } from 'typebox'
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

export interface Field {
  rule: Rule
  schema: TSchema
  /** What is wrong with a text that the schema takes. */
  faultOf?: (text: string) => string | undefined
}

export interface Table {
  /** Begins the type of each of its changes: `file` in `file.uploaded`. */
  kind: string
  fields: Record<string, Field>
  /** Fields that are blanked once `deleted` is true: a tombstone keeps no personal data. */
  erased: readonly string[]
  /** The field with the account that the row belongs to: the row ends with the account. */
  owner?: string
  /** The fields that name a blob which the row needs until it is deleted. */
  blob?: BlobFields
}

/** Names of fields. */
export interface BlobFields {
  sha256: string
  size: string
}

export const id = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$' })
const time = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' })
export const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const sizeBytes = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const flag = Type.Literal(true)
export const stamp = Type.String({ pattern: '^[0-9a-f]{12}-[0-9a-f]{4}-[a-z][a-z0-9-]{0,31}$' })
const text = (maxLength: number) => Type.String({ maxLength })
const oneOf = <const T extends string[]>(...values: T) =>
  Type.Union(values.map((value) => Type.Literal(value)))

const once = (schema: TSchema, faultOf?: Field['faultOf']) =>
  ({ rule: 'once', schema, ...(faultOf && { faultOf }) }) as const
const latest = (schema: TSchema, faultOf?: Field['faultOf']) =>
  ({ rule: 'latest', schema, ...(faultOf && { faultOf }) }) as const
const latch = { rule: 'latch', schema: flag } as const
const max = (schema: TSchema) => ({ rule: 'max', schema }) as const

/**
 * The replicated tables. In each of them the latch `deleted`, where there is one, ends the row and its blob reference, and
 * in each that belongs to accounts the owner is `owner_id`: a grand that does not know a table relies on both.
 */
export const TABLES = {
  users: {
    kind: 'user',
    fields: {
      username: once(text(96), faultOfClaimedUsername),
      created_at: once(time),
      email: latest(text(254), faultOfText),
      password_hash: latest(text(256)),
      storage_quota: latest(sizeBytes),
      /** By an operator: nobody logs in as this account, and others see nothing of it (see domain/administration.ts). */
      disabled: latest(Type.Boolean()),
      deleted: latch,
    },
    erased: ['username', 'email', 'password_hash'],
  },
  files: {
    kind: 'file',
    fields: {
      owner_id: once(id),
      size: once(sizeBytes),
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
    owner: 'owner_id',
    blob: { sha256: 'sha256', size: 'size' },
  },
  sessions: {
    kind: 'session',
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
    kind: 'token',
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
    kind: 'friend_request',
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
    kind: 'friendship',
    fields: {
      user_a: once(id),
      user_b: once(id),
      active: latest(Type.Boolean()),
      since: latest(time),
    },
    erased: [],
  },
} as const satisfies Record<string, Table>

export type TableName = keyof typeof TABLES

const byKind = new Map(
  (Object.keys(TABLES) as TableName[]).map((name): [string, TableName] => [TABLES[name].kind, name]),
)

/** The table of a kind of rows; undefined when this program does not know it. */
export function tableOfKind(kind: string): TableName | undefined {
  return byKind.get(kind)
}

export function declarationOf(table: TableName): Table {
  return TABLES[table]
}
