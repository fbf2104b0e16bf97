import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { PACKAGE_ROOT } from '../package-root.js'
import type { Document } from './document.js'

export interface Contract {
  /** openapi.yaml as it was written, comments included. */
  text: string
  document: Document
}

const OPENAPI_YAML = join(PACKAGE_ROOT, 'openapi.yaml')

let loaded: Contract | undefined

/** openapi.yaml, the source of truth for routes, validation and responses; read once. */
export function loadContract(): Contract {
  loaded ??= parseContract(readFileSync(OPENAPI_YAML, 'utf8'))
  return loaded
}

/** @throws Error when the text is not YAML or not an OpenAPI 3.1 document */
export function parseContract(text: string): Contract {
  const document = load(text) as Document
  if (!/^3\.1\./.test(document?.openapi ?? '') || typeof document.paths !== 'object') {
    throw new Error('openapi.yaml: not an OpenAPI 3.1 document')
  }
  return { text, document }
}
