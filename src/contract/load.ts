import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../lib/package-root.js'
import { OPENAPI_DOCUMENT } from './document.gen.js'
import type { Document } from './document.js'

export interface Contract {
  /** openapi.yaml as it was written, comments included. */
  text: string
  document: Document
}

/** The contract, the source of truth for routes, validation and responses. */
export function loadContract(): Contract {
  const text = readFileSync(join(PACKAGE_ROOT, 'openapi.yaml'), 'utf8')
  return { text, document: OPENAPI_DOCUMENT as Document }
}
