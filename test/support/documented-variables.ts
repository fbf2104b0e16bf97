import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readTable } from './markdown-table.js'

export interface DocumentedVariable {
  name: string
  /** `regional`, `grand`, `npm start`, `Compose`. */
  readBy: string[]
  /** Defaults by reader; a reader without a default has no entry. */
  defaults: Map<string, string>
}

/** Reads the table of variables in docs/operations.md. */
export function documentedVariables(): DocumentedVariable[] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  return readTable(page, 'variable').flatMap(
    ({ variable = '', 'read by': readers = '', default: text = '' }) => {
      const readBy = readers.split(', ')
      return [...variable.matchAll(/`(\w+)`/g)].map(([, name = '']) => ({
        name,
        readBy,
        defaults: defaultsIn(text, readBy),
      }))
    },
  )
}

/** Parses `` `5001`; grand: `9000` ``: a common default, then defaults of single readers. */
function defaultsIn(text: string, readBy: string[]): Map<string, string> {
  const parts = [...text.matchAll(/(?:([\w ]+): )?`([^`]+)`/g)].map(([, reader, value = '']) => ({
    reader: reader?.trim(),
    value,
  }))
  const entries = readBy.flatMap((reader) => {
    const entry = parts.find((own) => own.reader === reader) ?? parts.find((own) => own.reader === undefined)
    return entry === undefined ? [] : [[reader, entry.value] as const]
  })
  return new Map(entries)
}
