import type { Reader } from '../db/engine/database.js'
import type { FileRow } from '../db/regional/files.js'
import { areFriends } from '../db/regional/friends.js'
import type { Caller } from './caller.js'

/** @returns the id of the caller's account; undefined for an anonymous caller and the operator */
export function userIdOf(caller: Caller): string | undefined {
  return caller.kind === 'session' || caller.kind === 'token' ? caller.user_id : undefined
}

/** Whether a caller may see and download a file: the owner, the owner's friends if it is shared, everybody if public. */
export function mayRead(reader: Reader, caller: Caller, file: FileRow): boolean {
  const user = userIdOf(caller)
  if (file.visibility === 'public' || user === file.owner_id) return true
  return file.visibility === 'friends' && user !== undefined && areFriends(reader, user, file.owner_id)
}
