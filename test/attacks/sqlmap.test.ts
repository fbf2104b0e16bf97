import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { Schema } from '../../src/contract/document.js'
import type { Operation } from '../../src/contract/operation.js'
import { type JsonSchema, resolved } from '../contract/fuzz-values.js'
import { operations } from '../support/contract-check.js'
import { openTarget } from './target.js'
import { isLong, missing, run } from './tools.js'

const skip = missing('sqlmap')
const LEVEL = isLong ? ['--level=3', '--risk=2'] : ['--level=1', '--risk=1']
const CONCURRENCY = 2
const TIMEOUT_MS = isLong ? 20 * 60_000 : 100_000

t.setTimeout(2 * TIMEOUT_MS)

/** Responses that sqlmap cannot compare. The fuzz test covers this operation's header. */
const NEVER_ENDING = ['streamEvents']

interface Target {
  id: string
  args: string[]
  /** The number of marked values. */
  marked: number
}

/** sqlmap injects at this marker. */
const MARK = '*'

const sampleOf = (schema: Schema | undefined, id: string): string => {
  const { type, format, examples, enum: values, minimum } = resolved(schema ?? {}) as JsonSchema
  if (format === 'uuid') return id
  if (type === 'integer') return String(minimum ?? 1)
  if (type === 'boolean') return 'false'
  const [example] = values ?? examples ?? []
  return /^[ -~]+$/.test(String(example)) ? String(example) : 'dana'
}

/** A request with all values marked: path, query, declared headers, properties and form fields. */
function targetOf(operation: Operation, origin: string, id: string): Target {
  const parametersIn = (location: string) => operation.parameters.filter((one) => one.in === location)
  const marked = (schema: Schema | undefined) => encodeURIComponent(sampleOf(schema, id)) + MARK
  const schemas = new Map(parametersIn('path').map(({ name, schema }) => [name, schema]))
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => marked(schemas.get(name)))
  const query = parametersIn('query').map(({ name, schema }) => `${name}=${marked(schema)}`)
  const headers = parametersIn('header').map(({ name, schema }) => `${name}: ${sampleOf(schema, id)}${MARK}`)
  const properties = Object.entries(operation.jsonBody ? (resolved(operation.jsonBody).properties ?? {}) : {})
  const json = Object.fromEntries(properties.map(([name, schema]) => [name, sampleOf(schema, id) + MARK]))
  const isForm = operation.requestMediaTypes.includes('multipart/form-data')
  return {
    id: operation.id,
    args: [
      '-u',
      `${origin}${path}${query.length > 0 ? `?${query.join('&')}` : ''}`,
      `--method=${operation.method}`,
      ...headers.flatMap((header) => ['-H', header]),
      ...(properties.length > 0
        ? ['-H', 'Content-Type: application/json', '--data', JSON.stringify(json)]
        : []),
      ...(isForm ? ['-H', 'Content-Type: multipart/form-data; boundary=b', '--data', FORM] : []),
    ],
    marked: schemas.size + query.length + headers.length + properties.length + (isForm ? 3 : 0),
  }
}

const FORM = [
  '--b\r\nContent-Disposition: form-data; name="folder"\r\n\r\n/a*\r\n',
  '--b\r\nContent-Disposition: form-data; name="visibility"\r\n\r\nprivate*\r\n',
  '--b\r\nContent-Disposition: form-data; name="file"; filename="a*"\r\n\r\nhello\r\n--b--\r\n',
].join('')

interface Found {
  tried: number
  isInjectable: boolean
  output: string
}

async function attack(t: Test, dir: string, target: Target, credentials: string[]): Promise<Found> {
  // Concurrent runs must not share an output folder.
  const outputDir = await mkdtemp(join(dir, target.id))
  const { output } = await run(
    t,
    'sqlmap',
    [
      ...['--batch', '--flush-session', `--output-dir=${outputDir}`, '--disable-coloring', '--threads=4'],
      // Error statuses must not stop it.
      ...['--dbms=sqlite', '--technique=BEUT', '--ignore-code=400,401,403,404,409,412,413,415,416,429'],
      ...[...LEVEL, '--answers=quit=N,keep=N,reduce=Y', ...credentials, ...target.args],
    ],
    TIMEOUT_MS,
  )
  return {
    tried: output.match(/testing for SQL injection on /g)?.length ?? 0,
    // The verdict after sqlmap has verified a suspected injection.
    isInjectable: /identified the following injection point/.test(output),
    output,
  }
}

t.test('sqlmap finds the injection of a vulnerable server', { skip }, async (t) => {
  const db = new BetterSqlite3(':memory:')
  db.exec("create table files (name text); insert into files values ('dana'), ('b')")
  const server = createServer((request, response) => {
    const q = new URL(request.url ?? '', 'http://x').searchParams.get('q') ?? ''
    try {
      response.end(JSON.stringify(db.prepare(`select name from files where name = '${q}'`).all()))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?q=dana*`
  const found = await attack(t, t.testdir(), { id: 'vulnerable', args: ['-u', url], marked: 1 }, [])
  t.ok(found.isInjectable, found.output.slice(-500))
})

t.test('sqlmap finds no injection in any parameter of any operation', { skip }, async (t) => {
  const { server, dana, faults } = await openTarget(t)
  const { id } = await dana.put('hello', { visibility: 'public' })
  const credentials = ['-H', `Authorization: Bearer ${await dana.token('write')}`]
  const targets = operations
    .map((operation) => targetOf(operation, server.url, id))
    .filter(({ id: name, marked }) => marked > 0 && !NEVER_ENDING.includes(name))
  const dir = t.testdir()
  let values = 0
  async function work(): Promise<void> {
    for (let target = targets.pop(); target !== undefined; target = targets.pop()) {
      const { tried, isInjectable, output } = await attack(t, dir, target, credentials)
      values += tried
      t.notOk(isInjectable, `${target.id}: ${isInjectable ? output.slice(-2000) : 'nothing'}`)
      t.equal(
        tried,
        target.marked,
        `${target.id}: all values were tried ${tried === target.marked ? '' : output.slice(-2000)}`,
      )
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  t.comment(`${values} values were attacked`)
  t.equal((await dana.get('/health')).status, 200)
  t.strictSame(await faults(), [])
})
