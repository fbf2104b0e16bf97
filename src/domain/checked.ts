import { invalid } from './errors.js'

/**
 * A text that passes one of the rules of names.ts.
 * @param path where the request holds it, for the refusal
 * @throws DomainError validation-failed
 */
export function checked(text: string, faultOf: (text: string) => string | undefined, path: string): string {
  const message = faultOf(text)
  if (message === undefined) return text
  throw invalid(path, message)
}
