import type { Reader } from '../db/engine/database.js'
import type { FileRow } from '../db/regional/files.js'
import { areFriends } from '../db/regional/friends.js'
import type { Caller } from './caller.js'

/** Who stands behind a caller: an account, or nobody. */
export function requireUser(caller: Caller): string | undefined {
  return caller.kind === 'session' || caller.kind === 'token' ? caller.user_id : undefined
}

/** Whether a caller may see and download a file: its owner, its owner's friends if shared, anybody if public. */
export function mayRead(reader: Reader, caller: Caller, file: FileRow): boolean {
  const user = requireUser(caller)
  if (file.visibility === 'public' || user === file.owner_id) return true
  return file.visibility === 'friends' && user !== undefined && areFriends(reader, user, file.owner_id)
}
