import t from 'tap'
import type { Person } from '../support/person.js'
import { openTestRegional } from '../support/test-regional.js'

interface Shown {
  id: string
  from: { username: string }
  to: { username: string }
}

async function allRequests(person: Person, query = ''): Promise<Shown[]> {
  const all: Shown[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { json } = await person.get(`/friends/requests?limit=2${query}${page}`)
    all.push(...(json.items as Shown[]))
    cursor = json.next_cursor as string | null
  }
  return all
}

t.test('pending requests are paginated, oldest first, for one direction or both', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const others = await Promise.all(
    ['bob', 'carol', 'dora', 'erin', 'fred'].map((name) => regional.person(name)),
  )
  const requestIds: string[] = []
  for (const [index, other] of others.entries()) {
    const [from, to] = index % 2 === 0 ? [alice, other] : [other, alice]
    requestIds.push((await from.post('/friends/request', { username: to.username })).json.id as string)
  }
  const ids = (requests: Shown[]) => requests.map(({ id }) => id)
  t.same(ids(await allRequests(alice)), requestIds)
  const outgoing = await allRequests(alice, '&direction=outgoing')
  t.same(
    ids(outgoing),
    requestIds.filter((_, index) => index % 2 === 0),
  )
  t.ok(outgoing.every(({ from }) => from.username === 'alice'))
  const incoming = await allRequests(alice, '&direction=incoming')
  t.same(
    ids(incoming),
    requestIds.filter((_, index) => index % 2 === 1),
  )
  t.ok(incoming.every(({ to }) => to.username === 'alice'))
  const { json } = await alice.get('/friends/requests?limit=1&direction=incoming')
  const elsewhere = await alice.get(`/friends/requests?direction=outgoing&cursor=${json.next_cursor}`)
  t.equal(elsewhere.outcome, '400 validation-failed', 'a cursor is valid only for its own list')
  await alice.post(`/friends/reject/${requestIds[1]}`)
  t.same(ids(await allRequests(alice, '&direction=incoming')), [requestIds[3]])
})
