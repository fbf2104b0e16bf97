import { load } from 'js-yaml'
import t from 'tap'
import { loadContract } from '../../src/contract/load.js'
import { operationsOf } from '../../src/contract/operation.js'
import { buildSmall, smallContract, smallHandlers } from './small-contract.js'

const swap = (from: string, to: string) => ({ contract: smallContract((text) => text.replace(from, to)) })

t.test('a mismatch between contract and handlers stops the start with a message', async (t) => {
  const { deleteNote: _, ...incomplete } = smallHandlers
  await t.rejects(buildSmall({ extra: () => undefined }), /the handler "extra" has no operation/)
  await t.rejects(
    buildSmall({}, { handlers: incomplete as never }),
    /no handler for the operation "deleteNote"/,
  )
  const faults: [string, string, RegExp][] = [
    [
      '[{ session: [] }]',
      '[{ magic: [] }]',
      /DELETE \/notes\/{note_id} requires the unknown security scheme "magic"/,
    ],
    ['token: [read]', 'token: [admin]', /GET \/notes requires the undeclared scope "admin"/],
    [
      'security: [{ token: [write] }, { basic: [write] }]',
      'description: none',
      /POST \/upload has no security/,
    ],
    [', { basic: [read] }', '', /GET \/notes must require the same scope of "token" and "basic"/],
    ['operationId: getNoteHead', 'operationId: headNote', /must be named getNoteHead/],
    ['operationId: upload', 'operationId: loginUser', /operationId "loginUser" is used twice/],
    [
      '  securitySchemes:',
      '  securitySchemes:\n    magic: { type: oauth2 }',
      /scheme "magic" is unknown to the server/,
    ],
    ['operator: { type: http', 'magic: { type: http', /security scheme/],
    [
      'token: { type: http, scheme: bearer }',
      'token: { type: http, scheme: basic }',
      /"token" is declared differently/,
    ],
    ['name: note_id,', 'name: id,', /declares path parameters that do not match/],
    ["'204': { description: Gone. }", "'404': { description: No. }", /declares no success/],
    ['#/components/responses/Anything', '#/components/responses/Nothing', /reference to nothing/],
    ['in: header', 'in: cookie', /not supported/],
    ['openapi: 3.1.0', 'openapi: 3.0.3', /not an OpenAPI 3.1 document/],
  ]
  for (const [from, to, message] of faults) {
    await t.rejects(async () => buildSmall({}, swap(from, to)), message, `${from} → ${to}`)
  }
})

t.test('an invalid document is rejected with all its faults at once', async (t) => {
  const contract = smallContract((text) => text.replaceAll('token: [read]', 'token: [nope]'))
  const error = await buildSmall({}, { contract }).catch((reason: Error) => reason)
  t.match(error, { message: /GET \/notes .*\n.*GET \/notes\/{note_id} / })
})

t.test('the handler of a GET also serves the HEAD of its path, without the content', async (t) => {
  const app = await buildSmall()
  const response = await app.inject({ method: 'HEAD', url: '/notes/n1' })
  t.match(response, { statusCode: 200, body: '', headers: { 'content-length': '5' } })
  t.equal((await app.inject('/notes/n1')).body, 'bytes')
  await app.close()
})

t.test('a request is validated and coerced to the declared types', async (t) => {
  const app = await buildSmall()
  const authorization = 'Bearer writer'
  const get = (url: string, headers = {}) => app.inject({ url, headers: { authorization, ...headers } })
  t.same((await get('/notes?limit=7&tag=a')).json(), { query: { limit: 7, tag: ['a'] }, headers: {} })
  t.same((await get('/notes?tag=a&tag=b', { 'x-colour': 'red', 'x-other': 'y' })).json(), {
    query: { limit: 50, tag: ['a', 'b'] },
    headers: { 'x-colour': 'red' },
  })
  const refused: [string, object, string][] = [
    ['/notes?limit=0', {}, 'query/limit'],
    ['/notes?limit=7&limit=8', {}, 'query/limit'],
    ['/notes?limit=seven', {}, 'query/limit'],
    ['/notes?other=1', {}, 'query/other'],
    ['/notes?__proto__=1', {}, 'query/__proto__'],
    ['/notes', { 'x-colour': 'green' }, 'header/x-colour'],
    ['/notes/n', {}, 'path/note_id'],
    [`/notes/${'n'.repeat(4000)}`, {}, 'path/note_id'],
  ]
  for (const [url, headers, path] of refused) {
    const response = await get(url, headers)
    t.match(
      response.json(),
      { type: /validation-failed$/, status: 400, errors: [{ path }] },
      url.slice(0, 60),
    )
  }
  const post = async (payload: unknown) => {
    const response = await app.inject({
      method: 'POST',
      url: '/notes',
      headers: { authorization },
      payload: payload as object,
    })
    return response.json()
  }
  t.match(await post({ text: 'x', colour: 'red' }), {
    errors: [{ path: 'body/colour', message: 'is unknown here' }],
  })
  t.match(await post({}), { errors: [{ path: 'body/text', message: 'is required' }] })
  t.match(await post({ text: 5 }), { errors: [{ path: 'body/text' }] }, 'a number is not coerced to a string')
  t.match(
    await post({ text: 'x', stars: '5' }),
    { errors: [{ path: 'body/stars' }] },
    'a string is not coerced to a number',
  )
  t.match(await post({ text: '', email: 'no' }), { errors: [{ path: 'body/text' }, { path: 'body/email' }] })
  t.match(await post([]), { errors: [{ path: 'body' }] })
  await app.close()
})

t.test('a field that the contract does not declare never leaves the server', async (t) => {
  const app = await buildSmall()
  const response = await app.inject({
    method: 'POST',
    url: '/notes',
    headers: { authorization: 'Bearer writer' },
    payload: { text: 'x' },
  })
  t.equal(response.statusCode, 201)
  t.same(response.json(), { id: 'n1', text: 'x' })
  await app.close()
})

t.test(
  'a response that the contract does not declare becomes an internal error without details',
  async (t) => {
    const responses: object[] = [
      { status: 200, body: { id: 'n1', text: 'x' } },
      { status: 201 },
      { status: 201, body: { id: 'n1' } },
      { status: 201, body: 'a string' },
      { status: 201, headers: { 'content-type': 'text/html' }, body: { id: 'n1', text: 'x' } },
    ]
    for (const response of responses) {
      const app = await buildSmall({ createNote: () => response })
      const { statusCode, body } = await app.inject({
        method: 'POST',
        url: '/notes',
        headers: { authorization: 'Bearer writer' },
        payload: { text: 'x' },
      })
      t.equal(statusCode, 500, JSON.stringify(response))
      t.match(JSON.parse(body), { type: 'urn:problem-type:syncsphere:internal-error', detail: /log/ })
      t.notMatch(body, /declare|createNote/)
      await app.close()
    }
  },
)

t.test('openapi.yaml matches the generated contract and makes routes', async (t) => {
  const contract = loadContract()
  t.same(contract.document, load(contract.text), 'otherwise run: npm run bundle')
  const ids = operationsOf(contract.document).map((operation) => operation.handlerId)
  const handlers = Object.fromEntries(ids.map((id) => [id, () => ({ status: 500 })])) as never
  const app = await buildSmall({}, { contract, handlers })
  await app.ready()
  await app.close()
  t.ok(ids.includes('downloadFile') && !ids.includes('downloadFileHead'))
})
