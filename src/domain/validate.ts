import { faultOfFolder, normalizeFolder } from '../model/names.js'
import { validationError } from './errors.js'

/**
 * Returns a text that satisfies a rule of names.ts.
 * @param faultOf the rule: returns what is wrong, undefined if nothing is
 * @param field named in the error
 * @throws DomainError validation-failed
 */
export function validate(text: string, faultOf: (text: string) => string | undefined, field: string): string {
  const message = faultOf(text)
  if (message === undefined) return text
  throw validationError(field, message)
}

/** Normalises and validates a folder. @throws DomainError validation-failed */
export function validateFolder(folder: string): string {
  return validate(normalizeFolder(folder), faultOfFolder, 'folder')
}
