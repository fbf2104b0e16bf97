/** The change types, declared as data: the table and the fields of each. */
import { Check } from 'typebox/value'
import { declarationOf, type Field, type TABLES, type TableName } from './tables.js'

type FieldName<T extends TableName> = keyof (typeof TABLES)[T]['fields'] & string

export interface ChangeShape<T extends TableName = TableName> {
  table: T
  required: readonly string[]
  optional: readonly string[]
  /** A complete row with the stamp of each `latest` field, to republish rows to a grand that lost its change log. */
  isSnapshot: boolean
}

function change<T extends TableName>(
  table: T,
  required: FieldName<T>[],
  optional: FieldName<T>[] = [],
): ChangeShape<T> {
  return { table, required, optional, isSnapshot: false }
}

function snapshot<T extends TableName>(table: T): ChangeShape<T> {
  const { fields } = declarationOf(table)
  const names = Object.keys(fields)
  // Fields of later versions must accept null, since the snapshots of older programs lack them.
  const isOptional = ({ rule, schema }: Field) => rule === 'latch' || (rule !== 'once' && Check(schema, null))
  const optional = names.filter((name) => isOptional(fields[name] as Field))
  const required = names.filter((name) => !isOptional(fields[name] as Field))
  return { table, required, optional, isSnapshot: true }
}

/** Every change type that this program knows. */
export const CHANGES = {
  'user.registered': change('users', ['username', 'created_at', 'storage_quota', 'disabled']),
  'user.updated': change('users', [], ['storage_quota', 'disabled']),
  'user.deleted': change('users', ['deleted']),
  'password.set': change('passwords', ['user_id', 'replaces', 'hash']),
  'email.set': change('emails', ['user_id', 'password_id', 'email']),
  'closure.made': change('closures', ['user_id', 'password_id']),
  'closure.undone': change('closures', ['undone']),
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
    'password_id',
  ]),
  'session.renewed': change('sessions', ['password_id']),
  'session.revoked': change('sessions', ['revoked']),
  'token.created': change('tokens', [
    'user_id',
    'password_id',
    'name',
    'scope',
    'secret_sha256',
    'created_at',
    'expires_at',
  ]),
  'token.revoked': change('tokens', ['revoked']),
  'friend_request.made': change('friend_requests', ['from_id', 'to_id', 'created_at', 'status']),
  'friend_request.answered': change('friend_requests', ['status']),
  'friendship.set': change('friendships', ['user_a', 'user_b', 'active', 'since']),
  'user.snapshot': snapshot('users'),
  'password.snapshot': snapshot('passwords'),
  'email.snapshot': snapshot('emails'),
  'closure.snapshot': snapshot('closures'),
  'file.snapshot': snapshot('files'),
  'session.snapshot': snapshot('sessions'),
  'token.snapshot': snapshot('tokens'),
  'friend_request.snapshot': snapshot('friend_requests'),
  'friendship.snapshot': snapshot('friendships'),
} as const satisfies Record<string, ChangeShape>

export type ChangeType = keyof typeof CHANGES

export function tableOf(type: ChangeType): TableName {
  return CHANGES[type].table
}
