import { invalid } from './errors.js'

/**
 * A text that passes one of the rules of names.ts.
 * @param field its name, for the refusal
 * @throws DomainError validation-failed
 */
export function checked(text: string, faultOf: (text: string) => string | undefined, field: string): string {
  const message = faultOf(text)
  if (message === undefined) return text
  throw invalid(field, message)
}
