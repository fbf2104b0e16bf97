import type { Recipe } from './fuzz-requests.js'
import { isKnown, isValid, type Known, resolved } from './fuzz-values.js'

/** A request in its wire format. */
export interface WireRequest {
  method: string
  /** With its query; each byte is a character. */
  path: string
  bytes: Buffer
  /** A part that the contract certainly refuses; empty if unknown. */
  invalidPart: string
  /** Whether the whole request matches the contract. */
  isValid: boolean
}

/** Returns a value of an earlier response. */
export type Remember = (known: Known) => string

/** Builds a request. @param credentials header lines of the caller */
export function wireRequest(recipe: Recipe, remember: Remember, credentials: string[]): WireRequest {
  const { operation, method, framing, cut, contentType } = recipe
  const { jsonBody } = operation
  const json = withKnown(recipe.json, remember)
  const path = Buffer.concat([pathOf(recipe, remember), queryOf(recipe, remember)])
  const body = Buffer.from(recipe.raw ?? (json === undefined ? '' : (JSON.stringify(json) ?? '')))
  const headers = recipe.headers.map(([name, value]) => `${name}: ${text(withKnown(value, remember))}`)
  const lines = [
    // A mutation may set Host itself.
    ...(headers.some((line) => line.startsWith('Host:')) ? [] : ['Host: fuzz.example']),
    'Connection: close',
    ...credentials,
    ...headers,
    ...(contentType === undefined ? [] : [`Content-Type: ${contentType}`]),
    ...(body.length === 0 && contentType === undefined ? [] : [framingLine(framing, body.length)]),
  ]
  const framed = framing === 'chunked' && body.length > 0 ? chunked(body) : body
  const bytes = Buffer.concat([
    Buffer.from(`${method} `),
    path,
    Buffer.from(` HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`),
    framed.subarray(0, Math.max(0, framed.length - cut)),
  ])
  const sendsJson = recipe.json !== undefined && contentType === 'application/json' && jsonBody !== undefined
  const hasInvalidBody = sendsJson && !isValid(jsonBody, JSON.parse(body.toString() || 'null'))
  const invalidPart = hasInvalidBody ? 'the body' : invalidQuery(recipe)
  return {
    method,
    // The part that a server can parse.
    path: path.toString('latin1').split(/[\s\0]/, 1)[0] ?? '',
    bytes,
    invalidPart: method === operation.method ? invalidPart : '',
    isValid: recipe.isValid && invalidPart === '' && hasValidParameters(recipe, remember),
  }
}

const framingLine = (framing: Recipe['framing'], length: number) =>
  framing === 'chunked' && length > 0 ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`

function chunked(body: Buffer): Buffer {
  const half = Math.ceil(body.length / 2)
  const chunks = [body.subarray(0, half), body.subarray(half)].filter(({ length }) => length > 0)
  const framed = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...framed, Buffer.from('0\r\n\r\n')])
}

function pathOf({ operation, path }: Recipe, remember: Remember): Buffer {
  const pieces = operation.path.split(/\{(\w+)\}/)
  return Buffer.concat(
    pieces.map((piece, index) => (index % 2 === 0 ? Buffer.from(piece) : sent(path[piece], remember))),
  )
}

function queryOf({ query }: Recipe, remember: Remember): Buffer {
  const pairs = query.flatMap(([name, value]) => [Buffer.from(`&${encode(name)}=`), sent(value, remember)])
  const all = Buffer.concat(pairs)
  return all.length === 0 ? all : Buffer.concat([Buffer.from('?'), all.subarray(1)])
}

function invalidQuery({ operation, query }: Recipe): string {
  const declared = operation.parameters.filter((one) => one.in === 'query')
  const names = query.map(([name]) => name)
  const unknown = names.find((name) => declared.every((one) => one.name !== name))
  if (unknown !== undefined) return `the query parameter "${unknown}"`
  const isScalar = (name: string) =>
    resolved(declared.find((one) => one.name === name)?.schema ?? {}).type !== 'array'
  return names.some((name, index) => names.indexOf(name) !== index && isScalar(name))
    ? 'a parameter twice'
    : ''
}

/** A value of an earlier response may be invalid for this parameter. */
function hasValidParameters({ operation, path, query, headers }: Recipe, remember: Remember): boolean {
  const given = new Map([...Object.entries(path), ...query, ...headers])
  return operation.parameters.every(({ name, schema = {} }) => {
    const value = withKnown(given.get(name), remember)
    return value === undefined || isValid(schema, value)
  })
}

function sent(value: unknown, remember: Remember): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(encode(text(withKnown(value, remember))))
}

const encode = (value: string) => encodeURIComponent(value.toWellFormed())

const text = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))

function withKnown(value: unknown, remember: Remember): unknown {
  if (isKnown(value)) return remember(value)
  if (Array.isArray(value)) return value.map((one) => withKnown(one, remember))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withKnown(one, remember)]))
}
