import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../lib/package-root.js'
import type { Document } from './document.js'

export interface Contract {
  /** openapi.yaml as it was written, comments included. */
  text: string
  /** The same as JSON, which the bundler makes of it: a server needs no parser of YAML. */
  document: Document
}

/** The contract, the source of truth for routes, validation and responses. */
export function loadContract(): Contract {
  const read = (path: string) => readFileSync(join(PACKAGE_ROOT, path), 'utf8')
  return { text: read('openapi.yaml'), document: JSON.parse(read('dist/openapi.json')) as Document }
}
