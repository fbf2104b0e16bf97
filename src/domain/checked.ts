import { invalid } from './errors.js'

/**
 * Returns the text if it passes a rule of src/model/names.ts.
 * @param field the field's name for the error
 * @throws DomainError validation-failed
 */
export function checked(text: string, faultOf: (text: string) => string | undefined, field: string): string {
  const message = faultOf(text)
  if (message === undefined) return text
  throw invalid(field, message)
}
