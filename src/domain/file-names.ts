import { DomainError } from './errors.js'

const MAX_NAME_BYTES = 255
const MAX_FOLDER_BYTES = 1024

/**
 * A file's name, exactly as given.
 * @param path where the request holds it, for the refusal
 * @throws DomainError validation-failed
 */
export function fileName(name: string, path: string): string {
  const fault = faultOfName(name)
  if (fault !== undefined) refuse(path, fault)
  return name
}

/**
 * A folder: an absolute path of names, without a slash at its end but for the root.
 * @throws DomainError validation-failed
 */
export function folderPath(folder: string, path: string): string {
  if (Buffer.byteLength(folder) > MAX_FOLDER_BYTES)
    refuse(path, `must not be longer than ${MAX_FOLDER_BYTES} bytes`)
  if (!folder.startsWith('/')) refuse(path, 'must begin with /')
  if (folder === '/') return folder
  for (const name of folder.slice(1).split('/')) {
    const fault = faultOfName(name)
    if (fault !== undefined) refuse(path, `every name in it ${fault}`)
  }
  return folder
}

function faultOfName(name: string): string | undefined {
  if (name === '') return 'must not be empty'
  if (name === '.' || name === '..') return 'must not be . or ..'
  if (name.includes('/')) return 'must not contain /'
  // Control characters are the point of it.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: see above
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return 'must not contain control characters'
  if (!name.isWellFormed()) return 'must be well-formed Unicode'
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    return `must not be longer than ${MAX_NAME_BYTES} bytes of UTF-8`
  return undefined
}

function refuse(path: string, message: string): never {
  throw new DomainError('validation-failed', `${path}: ${message}.`, { errors: [{ path, message }] })
}
