/** The check that test clients and the fuzzer make of every response fails each deviation from openapi.yaml. */
import t from 'tap'
import { type Exchange, faultsOfResponse } from '../support/contract-check.js'
import { openTestRegional } from '../support/test-regional.js'

t.test('A response that deviates from openapi.yaml is a fault, and a real response is none', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const { status, headers, bytes } = await alice.get('/me')
  const real: Exchange = { method: 'GET', path: '/me', status, headers, body: bytes }
  const problem = (type: string) => ({
    headers: { ...headers, 'content-type': 'application/problem+json' },
    body: Buffer.from(JSON.stringify({ type: `urn:problem-type:syncsphere:${type}` })),
  })
  t.same(faultsOfResponse(real), [])
  const deviations: [Partial<Exchange>, RegExp][] = [
    [{ status: 418 }, /418 is not declared/],
    [{ headers: { ...headers, 'x-undeclared': '1' } }, /header x-undeclared is not declared/],
    [{ headers: { ...headers, 'content-type': 'text/plain' } }, /media type "text\/plain" is not declared/],
    [{ body: Buffer.from('{"username":"alice"}') }, /must have required property/],
    [{ status: 401, ...problem('quota-exceeded') }, /problem "quota-exceeded" is not declared/],
  ]
  for (const [deviation, fault] of deviations)
    t.match(faultsOfResponse({ ...real, ...deviation }).join('\n'), fault)
})
