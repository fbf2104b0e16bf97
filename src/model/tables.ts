/**
 * The replicated tables, declared as data: the merge rule and the schema of each field. Validators, types, the merge and
 * the SQL of the replica are derived from them.
 */
import Type, { type TSchema } from 'typebox'
import { faultOfClaimedUsername, faultOfFileName, faultOfFolder, faultOfText } from './names.js'

/**
 * How two values of a field merge. Each rule is a join (commutative, associative, idempotent), so neither the order nor
 * the number of deliveries matters.
 *
 * - `once`: set at creation and never changed
 * - `latest`: the value with the higher stamp
 * - `latch`: once true, always true
 * - `max`: the larger value
 */
export type Rule = 'once' | 'latest' | 'latch' | 'max'

export interface Field {
  rule: Rule
  schema: TSchema
  /** The fault of a text that the schema accepts, or undefined. */
  faultOf?: (text: string) => string | undefined
}

export interface Table {
  /** The prefix of its change types: `file` in `file.uploaded`. */
  kind: string
  fields: Record<string, Field>
  /** Fields that are emptied once `deleted` is true: a tombstone contains no personal data. */
  erased: readonly string[]
  /** The field with the owning account's id: the row, which has the latch `deleted`, ends with the account. */
  owner?: string
  /** Its rows claim names: which of two claims holds depends on when the log took them (see db/regional/names.ts). */
  claims?: true
  /** The fields that reference the blob which the row needs until it is deleted. */
  blob?: BlobFields
}

/** The names of the fields with a blob's hash and size. */
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
const oneOf = <T extends string>(...values: T[]) => Type.Union(values.map((value) => Type.Literal(value)))

export type Visibility = 'private' | 'friends' | 'public'
export type RequestStatus = 'pending' | 'accepted' | 'rejected' | 'cancelled'

const once = (schema: TSchema, faultOf?: Field['faultOf']) =>
  ({ rule: 'once', schema, ...(faultOf && { faultOf }) }) as const
const latest = (schema: TSchema, faultOf?: Field['faultOf']) =>
  ({ rule: 'latest', schema, ...(faultOf && { faultOf }) }) as const
const latch = { rule: 'latch', schema: flag } as const
const max = (schema: TSchema) => ({ rule: 'max', schema }) as const

/**
 * The replicated tables. A grand that does not know a table relies on two conventions: the latch `deleted` ends the row
 * and its blob reference, and the owning account is in `owner_id`.
 */
export const TABLES = {
  users: {
    kind: 'user',
    fields: {
      username: once(text(96), faultOfClaimedUsername),
      created_at: once(time),
      storage_quota: latest(sizeBytes),
      /** Set by an operator: the account cannot log in and is hidden from others (see domain/administration.ts). */
      disabled: latest(Type.Boolean()),
      deleted: latch,
    },
    erased: ['username'],
    claims: true,
  },
  /** The passwords that an account has had (see credentials.ts). */
  passwords: {
    kind: 'password',
    fields: {
      user_id: once(id),
      /** The id of the password that it replaces; null if it is the first, or an operator set it. */
      replaces: once(Type.Union([id, Type.Null()])),
      hash: once(text(256)),
      deleted: latch,
    },
    erased: ['hash'],
    owner: 'user_id',
  },
  /** The emails that an account has had. */
  emails: {
    kind: 'email',
    fields: {
      user_id: once(id),
      password_id: once(id),
      email: once(text(254), faultOfText),
      deleted: latch,
    },
    erased: ['email'],
    owner: 'user_id',
    claims: true,
  },
  /** Deletions of an account: it is closed from then on, and erased after a grace. */
  closures: {
    kind: 'closure',
    fields: {
      user_id: once(id),
      /** Null: an operator closed it. */
      password_id: once(Type.Union([id, Type.Null()])),
      undone: latch,
    },
    erased: [],
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
      visibility: latest(oneOf<Visibility>('private', 'friends', 'public')),
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
      /** The password under which the session is valid: another one ends it (see domain/sessions.ts). */
      password_id: latest(id),
      revoked: latch,
    },
    erased: [],
  },
  tokens: {
    kind: 'token',
    fields: {
      user_id: once(id),
      password_id: once(id),
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
      status: latest(oneOf<RequestStatus>('pending', 'accepted', 'rejected', 'cancelled')),
    },
    erased: [],
  },
  /** One row per unordered pair. Its key is both ids in ascending order. */
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
