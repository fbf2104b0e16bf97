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
/** The same requests each time, but for what answers put into them; others by FUZZ_SEED. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20261128)
const AT_ONCE = 6
const VOLLEYS_TO_A_SEED = 25
const MIB = 1024 * 1024

t.setTimeout(60_000 + RUNS * 40)

/** Those that hash a password cost a hundred times what others do. */
const COSTLY = ['registerUser', 'loginUser', 'updateMe']
/** Those after which a caller, or a friend, is gone. */
const PARTING = ['deleteMe', 'logoutUser', 'revokeSession', 'revokeToken', 'removeFriend']

const recipes: fc.Arbitrary<Recipe> = fc.oneof(
  ...operations.map((operation) => ({
    weight: [...COSTLY, ...PARTING].includes(operation.id) ? 1 : 3,
    arbitrary: requestsFor(operation),
  })),
)

/** What the server alone can tell, that no schema says: these may refuse a request about which nothing is wrong. */
const SAID_BY_THE_DOMAIN = [
  ...['query/cursor', 'query/folder', 'body/username', 'body/email'],
  ...['body/name', 'body/folder', 'body/file/filename'],
]

/** Of a request that could not be read nobody knows whether it was a HEAD. */
const UNREADABLE = [400, 431]

function faultsOf(recipe: Recipe, request: WireRequest, answers: WireResponse[]): string[] {
  const isLeft = recipe.cut > 0 || leavesEarly(recipe)
  const [response] = answers
  if (response === undefined) return isLeft ? [] : ['no answer']
  const { status, headers, body, isWhole } = response
  const { method, path } = request
  const faults: string[] = []
  if (answers.length > 1) faults.push('more answers than requests')
  if (!isWhole && !isLeft) faults.push('half an answer')
  if (status >= 500 && status !== 507) faults.push(`${status}`)
  if (request.surelyWrong !== '' && status < 400)
    faults.push(`${status} although wrong: ${request.surelyWrong}`)
  if (request.isRight && status === 400 && method !== 'HEAD') {
    const said = JSON.parse(body.toString()) as { errors?: { path: string }[] }
    const paths = said.errors?.map((one) => one.path) ?? ['?']
    if (!paths.every((one) => SAID_BY_THE_DOMAIN.includes(one))) faults.push(`400 of ${paths} although right`)
  }
  if (headers['x-content-type-options'] !== 'nosniff') faults.push('no X-Content-Type-Options')
  if (headers['x-request-id'] === undefined) faults.push('no X-Request-Id')
  if (headers['cache-control'] === undefined) faults.push('no Cache-Control')
  if (method === 'HEAD' && body.length > 0 && !UNREADABLE.includes(status))
    faults.push('a body in answer to HEAD')
  if (method !== 'HEAD' && isWhole) faults.push(...faultsOfResponse({ method, path, status, headers, body }))
  return faults
}

/** An upload that asks for copies waits for other servers, and a stream of events never ends. */
function leavesEarly({ operation, query }: Recipe): boolean {
  return operation.id === 'streamEvents' || query.some(([name]) => name === 'min_copies')
}

t.test('no request of any shape is more than the server can answer, as the contract says', async (t) => {
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
  let isSomebodyGone = true

  async function send(recipe: Recipe): Promise<void> {
    const request = wireRequest(recipe, cast.remember, cast.credentials(recipe.caller))
    const answers = await exchange(server.url, request.bytes, {
      methods: [recipe.method],
      // Wrong passwords are throttled by address.
      localAddress: `127.0.${1 + (sent % 200)}.1`,
      halfClose: recipe.cut > 0,
      disconnectAfterHead: recipe.operation.id === 'streamEvents',
      ...(leavesEarly(recipe) && { disconnectAfterMs: 300 }),
    }).catch((error: Error) => error)
    const faults = answers instanceof Error ? [answers.message] : faultsOf(recipe, request, answers)
    for (const fault of faults) {
      const shown = request.bytes.toString('latin1').slice(0, 1500)
      if (shown.length < (found.get(fault)?.length ?? Number.POSITIVE_INFINITY)) found.set(fault, shown)
    }
    for (const response of answers instanceof Error ? [] : answers) {
      const key = `${recipe.operation.id} ${response.status}`
      statuses.set(key, (statuses.get(key) ?? 0) + 1)
      cast.learn(response)
      isSomebodyGone ||= PARTING.includes(recipe.operation.id) && response.status === 204
    }
  }

  const perSeed = AT_ONCE * VOLLEYS_TO_A_SEED
  for (const seed of fc.sample(fc.integer(), { numRuns: Math.ceil(RUNS / perSeed), seed: SEED })) {
    const some = fc.sample(recipes, { numRuns: Math.min(perSeed, RUNS - sent), seed })
    for (let at = 0; at < some.length; at += AT_ONCE) {
      if (isSomebodyGone) await cast.renew()
      isSomebodyGone = false
      const volley = some.slice(at, at + AT_ONCE)
      await Promise.all(volley.map(send))
      sent += volley.length
    }
  }

  for (const [fault, request] of found) t.fail(`${fault}\n${request}`)
  t.equal(found.size, 0, `${sent} requests found nothing`)
  const succeeded = new Set(
    [...statuses.keys()].filter((key) => / 2\d\d$/.test(key)).map((key) => key.split(' ')[0]),
  )
  t.same(
    operations.map(({ id }) => id).filter((id) => !succeeded.has(id)),
    [],
    'each operation succeeded at times',
  )
  const total = (pattern: RegExp) =>
    [...statuses].filter(([key]) => pattern.test(key)).reduce((sum, [, count]) => sum + count, 0)
  for (const range of [2, 3, 4, 5]) t.comment(`${range}xx: ${total(new RegExp(` ${range}\\d\\d$`))}`)
  if (process.env['FUZZ_SHOW'])
    for (const [key, count] of [...statuses].toSorted()) t.comment(`${key}: ${count}`)
  t.equal((await fetch(`${server.url}/health`)).status, 200, 'it serves')
  t.ok(server.peakBytes < 300 * MIB, `${Math.round(server.peakBytes / MIB)} MiB at most`)
  server.signal('SIGTERM')
  t.equal(await server.end(), 0)
  t.equal(server.errors, '', 'nothing was logged as an error')
  t.same(await faultsOfDataDir(DATA_DIR), [], 'no orphan, no half, no wrong sum')
})
