import fc from 'fast-check'
import t from 'tap'
import { faultsOfResponse, operations } from '../support/contract-check.js'
import { newDataDir } from '../support/data-dir.js'
import { faultsOfDataDir } from '../support/invariants/regional-dir.js'
import { startServer } from '../support/server-process.js'
import { OPERATOR_TOKEN } from '../support/test-regional.js'
import { exchange, type WireResponse } from '../support/wire.js'
import { FuzzCast } from './fuzz-cast.js'
import { type Recipe, requestsFor } from './fuzz-requests.js'
import { type WireRequest, wireRequest } from './fuzz-wire.js'

/** Requests to send. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? (process.env['CI'] === 'true' ? 10_000 : 2000))
/** The same requests in each run, except for values from responses; FUZZ_SEED chooses others. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20261128)
const CONCURRENCY = 6
const VOLLEYS_PER_SEED = 25
const MIB = 1024 * 1024

t.setTimeout(60_000 + RUNS * 40)

/** Operations that hash a password, which cost a hundred times as much as others. */
const EXPENSIVE = ['registerUser', 'loginUser', 'updateMe']
/** Operations that end a caller's credential, account or friendship. */
const DESTRUCTIVE = ['deleteMe', 'logoutUser', 'revokeSession', 'revokeToken', 'removeFriend']

const recipes: fc.Arbitrary<Recipe> = fc.oneof(
  ...operations.map((operation) => ({
    weight: [...EXPENSIVE, ...DESTRUCTIVE].includes(operation.id) ? 1 : 3,
    arbitrary: requestsFor(operation),
  })),
)

/** Fields that the domain may refuse although they match the schema. */
const DOMAIN_CHECKED = [
  ...['query/cursor', 'query/folder', 'body/username', 'body/email'],
  ...['body/name', 'body/folder', 'body/file/filename'],
]

/** Statuses of unparseable requests, whose method the server may not know. */
const UNPARSEABLE = [400, 431]

function faultsOf(recipe: Recipe, request: WireRequest, responses: WireResponse[]): string[] {
  const isAborted = recipe.cut > 0 || disconnectsEarly(recipe)
  const [response] = responses
  if (response === undefined) return isAborted ? [] : ['no response']
  const { status, headers, body, isWhole } = response
  const { method, path } = request
  const faults: string[] = []
  if (responses.length > 1) faults.push('more responses than requests')
  if (!isWhole && !isAborted) faults.push('a truncated response')
  if (status >= 500 && status !== 507) faults.push(`${status}`)
  if (request.invalidPart !== '' && status < 400)
    faults.push(`${status} although invalid: ${request.invalidPart}`)
  if (request.isValid && status === 400 && method !== 'HEAD') {
    const problem = JSON.parse(body.toString()) as { errors?: { path: string }[] }
    const paths = problem.errors?.map(({ path: at }) => at) ?? ['?']
    if (!paths.every((at) => DOMAIN_CHECKED.includes(at))) faults.push(`400 of ${paths} although valid`)
  }
  if (headers['x-content-type-options'] !== 'nosniff') faults.push('no X-Content-Type-Options')
  if (headers['x-request-id'] === undefined) faults.push('no X-Request-Id')
  if (headers['cache-control'] === undefined) faults.push('no Cache-Control')
  if (method === 'HEAD' && body.length > 0 && !UNPARSEABLE.includes(status))
    faults.push('a body in a response to HEAD')
  if (method !== 'HEAD' && isWhole) faults.push(...faultsOfResponse({ method, path, status, headers, body }))
  return faults
}

/** Uploads with min_copies wait for other servers, and event streams never end. */
function disconnectsEarly({ operation, query }: Recipe): boolean {
  return operation.id === 'streamEvents' || query.some(([name]) => name === 'min_copies')
}

t.test('every request, valid or not, gets a response that the contract declares', async (t) => {
  t.comment(`FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}`)
  const DATA_DIR = await newDataDir(t)
  const env = {
    DATA_DIR,
    OPERATOR_TOKEN,
    STORAGE_QUOTA: '4 MiB',
    MAX_FILE_SIZE: '250 KiB',
    LOG_LEVEL: 'error',
  }
  const server = await startServer(t, env).serves()
  const cast = new FuzzCast((username) => server.person(username))
  t.teardown(() => cast.close())
  const statuses = new Map<string, number>()
  /** Each fault with the shortest request that showed it. */
  const found = new Map<string, string>()
  let sent = 0
  let needsRenewal = true

  async function send(recipe: Recipe): Promise<void> {
    const request = wireRequest(recipe, cast.remember, cast.credentials(recipe.caller))
    const responses = await exchange(server.url, request.bytes, {
      methods: [recipe.method],
      // Wrong passwords are throttled by address.
      localAddress: `127.0.${1 + (sent % 200)}.1`,
      halfClose: recipe.cut > 0,
      disconnectAfterHead: recipe.operation.id === 'streamEvents',
      ...(disconnectsEarly(recipe) && { disconnectAfterMs: 300 }),
    }).catch((error: Error) => error)
    const faults = responses instanceof Error ? [responses.message] : faultsOf(recipe, request, responses)
    for (const fault of faults) {
      const shown = request.bytes.toString('latin1').slice(0, 1500)
      if (shown.length < (found.get(fault)?.length ?? Number.POSITIVE_INFINITY)) found.set(fault, shown)
    }
    for (const response of responses instanceof Error ? [] : responses) {
      const key = `${recipe.operation.id} ${response.status}`
      statuses.set(key, (statuses.get(key) ?? 0) + 1)
      cast.learn(response)
      needsRenewal ||= DESTRUCTIVE.includes(recipe.operation.id) && response.status === 204
    }
  }

  const perSeed = CONCURRENCY * VOLLEYS_PER_SEED
  for (const seed of fc.sample(fc.integer(), { numRuns: Math.ceil(RUNS / perSeed), seed: SEED })) {
    const batch = fc.sample(recipes, { numRuns: Math.min(perSeed, RUNS - sent), seed })
    for (let at = 0; at < batch.length; at += CONCURRENCY) {
      if (needsRenewal) await cast.renew()
      needsRenewal = false
      const volley = batch.slice(at, at + CONCURRENCY)
      await Promise.all(volley.map(send))
      sent += volley.length
    }
  }

  for (const [fault, request] of found) t.fail(`${fault}\n${request}`)
  t.equal(found.size, 0, `${sent} requests revealed no fault`)
  const succeeded = new Set(
    [...statuses.keys()].filter((key) => / 2\d\d$/.test(key)).map((key) => key.split(' ')[0]),
  )
  t.same(
    operations.map(({ id }) => id).filter((id) => !succeeded.has(id)),
    [],
    'each operation succeeded at least once',
  )
  const total = (pattern: RegExp) =>
    [...statuses].filter(([key]) => pattern.test(key)).reduce((sum, [, count]) => sum + count, 0)
  for (const range of [2, 3, 4, 5]) t.comment(`${range}xx: ${total(new RegExp(` ${range}\\d\\d$`))}`)
  if (process.env['FUZZ_SHOW'])
    for (const [key, count] of [...statuses].toSorted()) t.comment(`${key}: ${count}`)
  t.equal((await fetch(`${server.url}/health`)).status, 200, 'the server still works')
  t.ok(server.peakBytes < 300 * MIB, `${Math.round(server.peakBytes / MIB)} MiB at most`)
  server.signal('SIGTERM')
  t.equal(await server.end(), 0)
  t.equal(server.errors, '', 'nothing was logged as an error')
  t.same(await faultsOfDataDir(DATA_DIR), [], 'the data directory is consistent')
})
