import t from 'tap'
import { checkResponses } from './check-response.js'
import { buildSmall, smallContract } from './small-contract.js'

t.test('checkResponses fails a response with an undeclared status', async (t) => {
  const { document } = smallContract()
  const app = await buildSmall()
  const violations = checkResponses(app, document)
  const post = (headers: object, payload: object) =>
    app.inject({
      method: 'POST',
      url: '/notes',
      headers: { authorization: 'Bearer writer', ...headers },
      payload,
    })
  t.equal((await post({}, { text: 'x' })).statusCode, 201)
  t.equal((await post({}, {})).statusCode, 400)
  t.equal((await app.inject('/nothing')).statusCode, 404)
  t.equal((await app.inject({ method: 'PUT', url: '/notes' })).statusCode, 405)
  t.equal((await app.inject('/openapi.json')).statusCode, 200)
  t.equal((await app.inject({ url: '/notes/n1', method: 'HEAD' })).statusCode, 200)
  t.same(violations, [])
  t.equal((await post({ authorization: '' }, {})).statusCode, 500)
  t.same(violations.slice(0, 1), ['POST createNote: status 401 (unauthenticated) is not declared'])
  await app.close()
})

t.test('checkResponses fails a declared status with an undeclared problem or body', async (t) => {
  const { document } = smallContract((text) =>
    text
      .replace('malformed-json: {}', 'checksum-mismatch: {}')
      .replace('id: { type: string }', 'id: { type: integer }'),
  )
  const app = await buildSmall()
  const violations = checkResponses(app, document)
  const post = (payload: string) =>
    app.inject({
      method: 'POST',
      url: '/notes',
      headers: { authorization: 'Bearer writer', 'content-type': 'application/json' },
      payload,
    })
  t.equal((await post('{')).statusCode, 500)
  t.equal((await post('{"text":"x"}')).statusCode, 500)
  t.match(violations.join('\n'), /createNote: problem "malformed-json" is not declared/)
  t.match(violations.join('\n'), /createNote: body\/id must be integer/)
  await app.close()
})
