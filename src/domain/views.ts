/** Resources as the API and the events represent them. */

import type { AccountSummary, AccountUsage } from '../db/regional/account-summaries.js'
import type { FileRow, ListedFile } from '../db/regional/files.js'
import type { FriendRequestRow } from '../db/regional/friends.js'
import type { SessionRow } from '../db/regional/sessions.js'
import type { TokenRow } from '../db/regional/tokens.js'
import type { Profile } from '../db/regional/users.js'
import type { JsonText } from '../lib/json.js'
import type { RequestStatus, Visibility } from '../model/tables.js'

export interface PublicUserView {
  id: string
  username: string
}

export interface UserView extends PublicUserView {
  email: string
  created_at: string
  used_storage: number
  storage_quota: number
  requested_username?: string
  requested_email?: string
}

/** An account as the operator sees it. */
export interface AccountView extends UserView {
  disabled: boolean
  /** Since when it is closed; null for an open account. */
  closed_at: string | null
}

export type AccountDetails = AccountView & AccountUsage

export interface FileView {
  id: string
  owner: PublicUserView
  name: string
  folder: string
  size: number
  media_type: string
  sha256: string
  visibility: Visibility
  created_at: string
  modified_at: string
  available: boolean
  stored_on: string[]
}

export interface FriendRequestView {
  id: string
  from: PublicUserView
  to: PublicUserView
  status: RequestStatus
  created_at: string
}

export interface FriendView extends PublicUserView {
  since: string
}

export interface SessionView {
  id: string
  created_at: string
  expires_at: string
  last_used_at: string | null
  user_agent: string
  current: boolean
}

export interface TokenView {
  id: string
  name: string
  scope: 'read' | 'write'
  created_at: string
  expires_at: string | null
  last_used_at: string | null
}

/** Columns that determine where a file's blob is stored. */
export type StoredBlob = Pick<FileRow, 'gseq' | 'missing'>

export type FileAvailability = Pick<FileView, 'stored_on' | 'available'>

/** Knows which servers store a blob. */
export interface Availability {
  of(file: StoredBlob): FileAvailability
}

export function userView(row: Profile): UserView {
  return {
    id: row.id,
    username: row.username_shown,
    email: row.email_shown,
    created_at: row.created_at,
    used_storage: row.used_storage,
    storage_quota: row.storage_quota,
    ...(row.username_shown === row.username ? {} : { requested_username: row.username }),
    ...(row.email_shown === row.email ? {} : { requested_email: row.email }),
  }
}

export function accountView(row: Profile & Pick<AccountSummary, 'disabled' | 'closed_at'>): AccountView {
  return { ...userView(row), disabled: row.disabled === 1, closed_at: row.closed_at }
}

export function fileView(row: FileRow, availability: Availability): FileView {
  return {
    id: row.id,
    owner: { id: row.owner_id, username: row.owner_username },
    name: row.name,
    folder: row.folder,
    size: row.size,
    media_type: row.media_type,
    sha256: row.sha256,
    visibility: row.visibility,
    created_at: row.created_at,
    modified_at: row.modified_at,
    ...availability.of(row),
  }
}

/** The serialised view of a file in a list. */
export function listedFileJson(row: ListedFile, availability: Availability): JsonText<FileView> {
  const shown: JsonText<Omit<FileView, keyof FileAvailability>> = row.shown
  const { stored_on, available } = availability.of(row)
  return `${shown.slice(0, -1)},"available":${available},"stored_on":${JSON.stringify(stored_on)}}`
}

export function friendRequestView(row: FriendRequestRow): FriendRequestView {
  return {
    id: row.id,
    from: { id: row.from_id, username: row.from_username },
    to: { id: row.to_id, username: row.to_username },
    status: row.status,
    created_at: row.created_at,
  }
}

export function sessionView(row: SessionRow, currentId: string | undefined): SessionView {
  const { id, created_at, expires_at, last_used_at, user_agent } = row
  return { id, created_at, expires_at, last_used_at, user_agent, current: id === currentId }
}

export function tokenView(row: TokenRow): TokenView {
  const { id, name, scope, created_at, expires_at, last_used_at } = row
  return { id, name, scope, created_at, expires_at, last_used_at }
}
