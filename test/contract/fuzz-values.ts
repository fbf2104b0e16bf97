import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import fc from 'fast-check'
import { resolve, type Schema } from '../../src/contract/document.js'
import { loadContract } from '../../src/contract/load.js'
import { componentSchemas, pointAtIds } from '../../src/contract/schemas.js'

const { document } = loadContract()

const ajv = new Ajv2020({ strict: false, coerceTypes: false })
formats.default(ajv)
for (const schema of componentSchemas(document)) ajv.addSchema(schema)
const compiled = new Map<Schema, (value: unknown) => boolean>()

/** Whether a value matches a schema of the contract. */
export function isValid(schema: Schema, value: unknown): boolean {
  const validate = compiled.get(schema) ?? ajv.compile(pointAtIds(schema))
  compiled.set(schema, validate)
  return validate(value)
}

export interface JsonSchema extends Schema {
  type?: string | string[]
  enum?: unknown[]
  examples?: unknown[]
  pattern?: string
  format?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  properties?: Record<string, Schema>
  required?: string[]
}

export function resolved(schema: Schema): JsonSchema {
  return resolve(document, schema) as JsonSchema
}

/** A placeholder for a value of this name from an earlier response. */
export interface Known {
  known: string
  pick: number
}

export function isKnown(value: unknown): value is Known {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === 'known,pick'
}

const REMEMBERED: Record<string, string> = {
  identifier: 'username',
  q: 'name',
  cursor: 'next_cursor',
  'If-Match': 'etag',
  'If-None-Match': 'etag',
  'If-Range': 'etag',
  'Last-Event-ID': 'event_id',
}

/** A placeholder for values that fit a parameter or property of this name. */
function known(name: string): fc.Arbitrary<Known> {
  return fc.record({ known: fc.constant(REMEMBERED[name] ?? name), pick: fc.nat(99) })
}

const NASTY = [
  '',
  ' ',
  '\0',
  '../../etc/passwd',
  '..\\..\\x',
  "' or 1=1 --",
  "'; drop table users; --",
  '%00',
  '%',
  '%ff%fe',
  '\u202e\u2066x',
  '\ud800',
  '\ufeffx',
  'e\u0301',
  '🙂'.repeat(100),
  'x'.repeat(5000),
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '{"a":1}',
  '$' + '{7*7}',
  'NaN',
  'null',
  '-1',
  '1e999',
  '9'.repeat(400),
  '\r\nX-Injected: 1',
]

/** Text that schemas may not anticipate. */
export const nastyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string(),
)

/** A value of any type, mostly invalid. */
const nastyValue = fc.oneof(
  nastyText,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, -0, 1e308, 2 ** 53),
  fc.jsonValue(),
)

const BY_FORMAT: Record<string, () => fc.Arbitrary<string>> = {
  uuid: () => fc.uuid(),
  password: () => fc.constant('correct horse battery'),
}

/** Values for names whose patterns allow much that the domain refuses. */
const BY_NAME: Record<string, fc.Arbitrary<string>> = {
  username: fc.stringMatching(/^[\p{L}\p{N}._-]{3,32}$/u),
  email: fc.emailAddress(),
}

function validText({ pattern, format, minLength = 0, maxLength = 300 }: JsonSchema): fc.Arbitrary<string> {
  if (format !== undefined && BY_FORMAT[format]) return BY_FORMAT[format]()
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, 'u'))
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 300) })
}

/** Values that match the schema. @param name selects fitting values of earlier responses */
export function validValue(schema: Schema, name: string, isInPath = false): fc.Arbitrary<unknown> {
  const own = resolved(schema)
  const { type, minimum = 0, maximum = 1000 } = own
  if (own.enum) return fc.constantFrom(...own.enum)
  if (type === 'object') return validObject(own)
  if (type === 'boolean') return fc.boolean()
  if (type === 'integer')
    return fc.oneof(fc.integer({ min: minimum, max: maximum }), fc.constantFrom(minimum, maximum))
  const made = (BY_NAME[name] ?? validText(own)).filter((value) => isValid(schema, value))
  const examples = own.examples === undefined ? made : fc.oneof(made, fc.constantFrom(...own.examples))
  if (own.format === 'password') return made
  // A random id finds nothing, so paths mostly use known values.
  const weight = isInPath ? 9 : 1
  return fc.oneof({ weight, arbitrary: known(name) }, { weight: 1, arbitrary: examples })
}

function validObject({ properties = {}, required = [] }: JsonSchema): fc.Arbitrary<object> {
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [name, validValue(one, name)]),
  )
  return fc.record(model, { requiredKeys: required })
}

/** A valid object with one property changed, removed or added. */
export function brokenObject(schema: Schema): fc.Arbitrary<unknown> {
  const own = resolved(schema)
  const names = Object.keys(own.properties ?? {})
  const base = validObject(own) as fc.Arbitrary<Record<string, unknown>>
  const name = fc.constantFrom(...names)
  return fc.oneof(
    fc.tuple(base, name, nastyValue).map(([body, one, value]) => ({ ...body, [one]: value })),
    fc
      .tuple(base, name)
      .map(([body, one]) => Object.fromEntries(Object.entries(body).filter(([key]) => key !== one))),
    fc.tuple(base, undeclaredName, nastyValue).map(([body, one, value]) => ({ ...body, [one]: value })),
    fc.jsonValue(),
  )
}

/** Names of undeclared properties: internal fields, and names with a meaning in JavaScript. */
const undeclaredName = fc.oneof(
  nastyText,
  fc.constantFrom(
    ...['__proto__', 'constructor', 'prototype', 'toString', 'id', 'owner_id', 'is_admin', 'role'],
  ),
  fc.constantFrom(...['storage_quota', 'used_storage', 'password_hash', 'created_at', 'deleted', 'revoked']),
)

/** Bodies in place of valid JSON. */
export const brokenJson: fc.Arbitrary<string | Buffer> = fc.oneof(
  nastyText,
  fc.constantFrom(
    '[',
    '{"a":1,}',
    '{"a":1}{"b":2}',
    `[${'['.repeat(30_000)}${']'.repeat(30_000)}]`,
    `${'{"a":'.repeat(8000)}1${'}'.repeat(8000)}`,
    `{"username":"${'a'.repeat(70_000)}"}`,
    '\ufeff{}',
    '{"name":"a","name":"b"}',
    '{"__proto__":{"x":1},"name":"a"}',
    '{"constructor":{"prototype":{"x":1}},"name":"a"}',
    '{"name":"\\ud800"}',
    '{"limit":1e400}',
    `{"n":${'9'.repeat(5000)}}`,
  ),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  fc.constant(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
)
