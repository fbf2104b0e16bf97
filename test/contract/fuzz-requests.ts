import fc from 'fast-check'
import type { ParameterObject } from '../../src/contract/document.js'
import type { Operation } from '../../src/contract/operation.js'
import { brokenForm, validForm } from './fuzz-forms.js'
import { brokenJson, brokenObject, nastyText, validValue } from './fuzz-values.js'

/** A generated request. Sending it replaces placeholders by values of earlier responses. */
export interface Recipe {
  operation: Operation
  method: string
  /** Values of the path and the query. Text is percent-encoded; bytes are sent unchanged. */
  path: Record<string, unknown>
  query: [name: string, value: unknown][]
  headers: [name: string, value: unknown][]
  /** A value to send as JSON; `raw` has bytes instead. */
  json?: unknown
  raw?: string | Buffer
  contentType?: string
  framing: 'length' | 'chunked'
  /** The number of bytes at its end that are not sent. */
  cut: number
  caller: number
  /** It matches the schemas, so no schema may refuse it. */
  isValid: boolean
}

const parametersIn = (operation: Operation, location: string) =>
  operation.parameters.filter((parameter) => parameter.in === location)

function valuesOf(operation: Operation, location: 'path' | 'query'): fc.Arbitrary<[string, unknown][]> {
  const parameters = parametersIn(operation, location)
  const model = Object.fromEntries(
    parameters.map(({ name, schema }) => [name, validValue(schema ?? {}, name, location === 'path')]),
  )
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name)
  return fc.record(model, { requiredKeys: required }).map((values) => Object.entries(values))
}

const RANGE = fc.oneof(
  fc.tuple(fc.nat(300), fc.nat(300)).map(([from, to]) => `bytes=${from}-${to}`),
  fc.constantFrom(
    'bytes=0-',
    'bytes=-5',
    'bytes=0-0,5-9',
    'bytes=-0',
    'bytes=5-1',
    'bytes=99999999-',
    'lines=1-2',
  ),
  fc.constant(`bytes=${'0-1,'.repeat(900)}0-1`),
)
const DATE = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  fc.constantFrom('0', 'Mon, 00 Jan 0000 00:00:00 GMT', '2026-01-01'),
)
const TAG = fc.constantFrom('*', '"x"', 'W/"x"', '"', '"a", "b", W/"c"', `"${'x'.repeat(3000)}"`)

/** Header values whose syntax the RFCs define instead of the contract. */
const HEADER_VALUES: Record<string, fc.Arbitrary<unknown>> = {
  Range: RANGE,
  'If-Modified-Since': DATE,
  'If-Unmodified-Since': DATE,
  'If-Range': fc.oneof(DATE, TAG),
  'If-Match': TAG,
  'If-None-Match': TAG,
  'Last-Event-ID': fc.constantFrom('0', '-1', 'x'.repeat(256), '9'.repeat(30)),
}

/** Headers that no operation declares but proxies or frameworks may interpret. */
const FOREIGN: fc.Arbitrary<[string, unknown]> = fc.oneof(
  fc.constantFrom<[string, unknown][]>(
    ['Origin', 'https://evil.example'],
    ['Origin', 'null'],
    ['Sec-Fetch-Site', 'cross-site'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Forwarded-For', '1.2.3.4'],
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Original-URL', '/metrics'],
    ['Accept', 'text/html'],
    ['Accept-Encoding', 'gzip, br'],
    ['Content-Encoding', 'gzip'],
    ['Expect', '100-continue'],
    ['Expect', 'the unexpected'],
    ['Host', 'evil.example:99'],
    ['Host', ''],
    ['Upgrade', 'websocket'],
    ['Upgrade', 'h2c'],
    ['Content-Length', '0'],
    ['Transfer-Encoding', 'gzip, chunked'],
    ['Trailer', 'X-Foo'],
    ['TE', 'trailers'],
    ['Cookie', 'syncsphere_session=x; syncsphere_session=y'],
    ['Cookie', `a=${'b'.repeat(9000)}`],
    ['User-Agent', 'x'.repeat(9000)],
    ['User-Agent', '\u00e9\u00ff'],
    ['Authorization', 'Basic YWxpY2U6eA=='],
    ['Authorization', 'Bearer'],
    ['Authorization', `Bearer ${'x'.repeat(8000)}`],
  ),
  fc.tuple(fc.constantFrom('X-Any', 'User-Agent', 'Cookie', 'Accept-Language', 'Authorization'), nastyText),
)

function validHeaders(parameters: ParameterObject[]): fc.Arbitrary<[string, unknown][]> {
  const model = Object.fromEntries(
    parameters.map(({ name, schema }) => [
      name,
      fc.oneof(
        { weight: 1, arbitrary: HEADER_VALUES[name] ?? nastyText },
        { weight: 1, arbitrary: validValue(schema ?? {}, name) },
      ),
    ]),
  )
  return fc.record(model, { requiredKeys: [] }).map((values) => Object.entries(values))
}

type Body = Pick<Recipe, 'json' | 'raw' | 'contentType'>

function validBody(operation: Operation): fc.Arbitrary<Body> {
  if (operation.jsonBody) {
    return validValue(operation.jsonBody, '').map((json) => ({ json, contentType: 'application/json' }))
  }
  if (operation.requestMediaTypes.includes('multipart/form-data'))
    return validForm.map(({ contentType, body }) => ({ contentType, raw: body }))
  return fc.constant({})
}

function invalidBody(operation: Operation): fc.Arbitrary<Body> {
  const types = [
    'text/plain',
    'application/xml',
    'application/json; charset=utf-16',
    'APPLICATION/JSON',
    ';',
    '',
  ]
  const typed = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...operation.requestMediaTypes, 'application/json') },
    { weight: 1, arbitrary: fc.constantFrom(...types) },
  )
  const other = fc.record({ raw: brokenJson, contentType: typed })
  const form = brokenForm.map(({ contentType, body }) => ({ contentType, raw: body }))
  if (operation.jsonBody) {
    const broken = brokenObject(operation.jsonBody).map((json) => ({ json, contentType: 'application/json' }))
    return fc.oneof(
      { weight: 6, arbitrary: broken },
      { weight: 3, arbitrary: other },
      { weight: 1, arbitrary: form },
    )
  }
  if (operation.requestMediaTypes.length > 0)
    return fc.oneof({ weight: 6, arbitrary: form }, { weight: 1, arbitrary: other })
  return other
}

/** Mutations of a valid request. */
const MUTATIONS = ['path', 'query', 'header', 'body', 'method', 'cut', 'caller'] as const

/** Requests for an operation, about half of them valid. */
export function requestsFor(operation: Operation): fc.Arbitrary<Recipe> {
  const params = valuesOf(operation, 'path')
  const query = valuesOf(operation, 'query')
  const valid: fc.Arbitrary<Recipe> = fc
    .record({
      path: params,
      query,
      headers: validHeaders(parametersIn(operation, 'header')),
      body: validBody(operation),
      framing: fc.constantFrom<Recipe['framing'][]>('length', 'length', 'length', 'chunked'),
      caller: fc.nat(7),
    })
    .map(({ path, body, ...rest }) => ({
      operation,
      method: operation.method,
      path: Object.fromEntries(path),
      cut: 0,
      isValid: true,
      ...body,
      ...rest,
    }))
  const mutated = fc
    .tuple(valid, fc.subarray([...MUTATIONS], { minLength: 1, maxLength: 2 }), mutationsOf(operation))
    .map(([recipe, chosen, mutations]) =>
      chosen.reduce((result, name) => mutations[name](result), { ...recipe, isValid: false }),
    )
  return fc.oneof(valid, mutated)
}

/** Text to percent-encode, or raw bytes that no client should send. */
const rawValue = fc.oneof(
  nastyText,
  nastyText.map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 20 }).map(Buffer.from),
)

type Mutation = (recipe: Recipe) => Recipe

function mutationsOf(operation: Operation): fc.Arbitrary<Record<(typeof MUTATIONS)[number], Mutation>> {
  const names = parametersIn(operation, 'query').map(({ name }) => name)
  const name = names.length === 0 ? nastyText : fc.oneof(fc.constantFrom(...names), nastyText)
  return fc.record({
    path: rawValue.map(
      (value): Mutation =>
        (recipe) => ({
          ...recipe,
          path: Object.fromEntries(Object.keys(recipe.path).map((key) => [key, value])),
        }),
    ),
    query: fc.array(fc.tuple(name, rawValue), { minLength: 1, maxLength: 3 }).map(
      (more): Mutation =>
        (recipe) => ({
          ...recipe,
          query: [...recipe.query, ...more],
        }),
    ),
    header: fc.array(FOREIGN, { minLength: 1, maxLength: 3 }).map(
      (more): Mutation =>
        (recipe) => ({
          ...recipe,
          headers: [...recipe.headers, ...more],
        }),
    ),
    body: invalidBody(operation).map(
      (body): Mutation =>
        ({ json: _, raw: __, contentType: ___, ...recipe }) => ({
          ...recipe,
          ...body,
        }),
    ),
    method: fc
      .constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'BREW', 'get')
      .map(
        (method): Mutation =>
          (recipe) => ({ ...recipe, method }),
      ),
    cut: fc.integer({ min: 1, max: 200 }).map(
      (cut): Mutation =>
        (recipe) => ({ ...recipe, cut }),
    ),
    caller: fc.integer({ min: 8, max: 15 }).map(
      (caller): Mutation =>
        (recipe) => ({ ...recipe, caller }),
    ),
  })
}
