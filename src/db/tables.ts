/** The rows of the regional server's database, with the columns of migrations/regional. */
import type { Generated } from 'kysely'
import type { RequestStatus, Visibility } from '../model/tables.js'
import { queryBuilder } from './engine/query.js'

export interface MergedColumns {
  id: string
  created_stamp: string
  stamps: string
}

/** The columns of a table whose rows claim names. */
interface ClaimColumns {
  logged_at: number | null
  is_logged: number
}

export interface UsersTable extends MergedColumns, ClaimColumns {
  username: string
  created_at: string
  storage_quota: number
  disabled: number
  deleted: number
  active: number
  closed_at: string | null
  password_id: string
  password_hash: string
  email_id: string
  email: string
  username_folded: string
  email_folded: string
  username_shown: string
  email_shown: string
  username_login: string
  email_login: string
  used_storage: number
  rehash: string | null
  rehash_of: string | null
}

export interface PasswordsTable extends MergedColumns {
  user_id: string
  replaces: string | null
  hash: string
  deleted: number
  held_until: string
}

export interface EmailsTable extends MergedColumns, ClaimColumns {
  user_id: string
  password_id: string
  email: string
  deleted: number
}

export interface ClosuresTable extends MergedColumns {
  user_id: string
  password_id: string | null
  undone: number
}

export interface FilesTable extends MergedColumns {
  owner_id: string
  size: number
  media_type: string
  sha256: string
  created_at: string
  name: string
  folder: string
  visibility: Visibility
  modified_at: string
  deleted: number
  name_folded: string
  gseq: number | null
  name_number: number | null
}

export interface SessionsTable extends MergedColumns {
  user_id: string
  secret_sha256: string
  created_at: string
  expires_at: string
  user_agent: string
  password_id: string
  revoked: number
  last_used_at: string | null
}

export interface TokensTable extends MergedColumns {
  user_id: string
  password_id: string
  name: string
  scope: 'read' | 'write'
  secret_sha256: string
  created_at: string
  expires_at: string | null
  revoked: number
  last_used_at: string | null
}

export interface FriendRequestsTable extends MergedColumns {
  from_id: string
  to_id: string
  created_at: string
  status: RequestStatus
  is_open: number
}

export interface FriendshipsTable extends MergedColumns {
  user_a: string
  user_b: string
  active: number
  since: string
}

interface OutboxTable {
  oseq: Generated<number>
  change: string
}

interface DeferredTable {
  seq: Generated<number>
  kind: string
  key: string
  reason: 'row' | 'unknown'
  id: Generated<string | null>
  gseq: number
  owner_id: Generated<string | null>
  change: string
}

interface EventsTable {
  seq: Generated<number>
  user_id: string
  type: string
  data: string
  created_at: string
}

interface SubscribersTable {
  user_id: string
  since: number
  seen_at: string
}

interface LoginFailuresTable {
  key: string
  failures: number
  until: string
}

interface DeadLettersTable {
  gseq: number
  change: string
  reason: string
}

interface WatermarksTable {
  server: string
  gseq: number
}

interface UnpublishedTable {
  kind: string
  key: string
}

interface MetaTable {
  key: string
  value: string
}

/** The blob tables of both kinds of server. */
export interface BlobTables {
  blobs: { sha256: string; size: number; stored_at: string; content: Buffer | null }
  blob_refs: { kind: string; key: string; sha256: string; size: number; gseq: number }
  missing: { sha256: string; size: number; gseq: number }
}

export interface Tables extends BlobTables {
  meta: MetaTable
  users: UsersTable
  passwords: PasswordsTable
  emails: EmailsTable
  closures: ClosuresTable
  files: FilesTable
  sessions: SessionsTable
  tokens: TokensTable
  friend_requests: FriendRequestsTable
  friendships: FriendshipsTable
  outbox: OutboxTable
  deferred: DeferredTable
  events: EventsTable
  subscribers: SubscribersTable
  login_failures: LoginFailuresTable
  dead_letters: DeadLettersTable
  watermarks: WatermarksTable
  unpublished: UnpublishedTable
}

/** Builds queries on a regional server's tables. */
export const query = queryBuilder<Tables>()

/** Builds queries that both kinds of server run. */
export const blobQuery = queryBuilder<BlobTables>()
