import type { Reader } from '../db/engine/database.js'
import type { FileRow } from '../db/regional/files.js'
import { areFriends } from '../db/regional/friends.js'
import { findActiveUserById, type UserRow } from '../db/regional/users.js'
import type { Caller } from './caller.js'
import { DomainError } from './errors.js'

/** The id of the account that a caller acts for; undefined for an anonymous caller and the operator. */
export function userIdOf(caller: Caller): string | undefined {
  return caller.kind === 'session' || caller.kind === 'token' ? caller.user_id : undefined
}

/** Finds an account. @throws DomainError unauthenticated if it is deleted, disabled or closed */
export function requireActiveUser(reader: Reader, id: string): UserRow {
  return requireUser(findActiveUserById(reader, id))
}

/** @throws DomainError unauthenticated if there is no user */
export function requireUser<User>(user: User | undefined): User {
  if (user !== undefined) return user
  throw new DomainError('unauthenticated', 'This account no longer exists or is disabled.')
}

/** Whether a caller may see and download a file: its owner, the owner's friends if shared, anybody if public. */
export function mayReadFile(reader: Reader, caller: Caller, file: FileRow): boolean {
  const userId = userIdOf(caller)
  if (file.visibility === 'public' || userId === file.owner_id) return true
  return file.visibility === 'friends' && userId !== undefined && areFriends(reader, userId, file.owner_id)
}
