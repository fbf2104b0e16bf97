import fc from 'fast-check'
import t from 'tap'
import type { ClientResponse } from '../support/client.js'
import type { Person } from '../support/person.js'
import { openTestRegional } from '../support/test-regional.js'

async function namesOf(person: Person, query: string): Promise<string[]> {
  const { items } = (await person.get(`/files?${query}`)).json as { items: { name: string }[] }
  return items.map(({ name }) => name)
}

async function pages(
  person: Person,
  path: string,
  between: () => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const response = await person.get(
      `${path}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    ids.push(...(response.json.items as { id: string }[]).map(({ id }) => id))
    cursor = response.json.next_cursor as string | null
    await between()
  }
  return ids
}

t.test('a search finds a word anywhere in a name, in any case and Unicode form', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  for (const name of ['Ελλάς.jpg', 'ΟΔΟΣ.txt', 'Straße 5', 'x Ελλάσ']) await alice.put('x', { name })
  const found = async (q: string) => (await namesOf(alice, `q=${encodeURIComponent(q)}`)).toSorted()
  t.same(await found('Ελλάς'), ['x Ελλάσ', 'Ελλάς.jpg'])
  t.same(await found('ΕΛΛΆΣ'), ['x Ελλάσ', 'Ελλάς.jpg'])
  t.same(await found('ΟΔΟΣ'), ['ΟΔΟΣ.txt'])
  t.same(await found('οδος'), ['ΟΔΟΣ.txt'])
  t.same(await found('STRASSE'), ['Straße 5'])
})

t.test('an id in upper case names the same file', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const { id } = await alice.put('x')
  const token = await alice.post('/tokens', { name: 'x' })
  for (const path of [`/files/${id.toUpperCase()}`, `/download/${id.toUpperCase()}`])
    t.equal((await alice.get(path)).status, 200, path)
  t.equal((await alice.patch(`/files/${id.toUpperCase()}`, { name: 'y' })).json.id, id)
  t.equal((await alice.delete(`/tokens/${String(token.json.id).toUpperCase()}`)).status, 204)
  t.equal((await alice.delete(`/files/${id.toUpperCase()}`)).status, 204)
})

t.test('files can be filtered by folder, name and visibility, in every order', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const other = await regional.person('other')
  await other.put('not hers', { name: 'alpha', visibility: 'public' })
  const files = [
    { name: 'Zebra.txt', size: 5, folder: '/', visibility: 'private' },
    { name: 'alpha.txt', size: 30, folder: '/docs', visibility: 'friends' },
    { name: 'Beta ÉTÉ.txt', size: 20, folder: '/docs', visibility: 'public' },
    { name: 'שקיעה.jpg', size: 10, folder: '/docs/deep', visibility: 'public' },
  ] as const
  for (const { name, size, folder, visibility } of files)
    await alice.put('x'.repeat(size), { name, folder, visibility })
  const [zebra, alpha, beta, sunset] = files.map(({ name }) => name) as [string, string, string, string]
  const cases: [query: string, names: string[]][] = [
    ['', [alpha, beta, zebra, sunset]],
    ['sort=-name', [sunset, zebra, beta, alpha]],
    ['sort=created_at', [zebra, alpha, beta, sunset]],
    ['sort=-created_at', [sunset, beta, alpha, zebra]],
    ['sort=size', [zebra, sunset, beta, alpha]],
    ['sort=-size', [alpha, beta, sunset, zebra]],
    ['folder=/', [zebra]],
    ['folder=/docs', [alpha, beta]],
    ['folder=/docs/deep&sort=-size', [sunset]],
    ['folder=/nothing', []],
    ['q=TXT', [alpha, beta, zebra]],
    ['q=e%CC%81t%C3%A9', [beta]],
    [`q=${encodeURIComponent('קיע')}`, [sunset]],
    ['q=%25', []],
    ['q=_', []],
    ["q='", []],
    ['visibility=public', [beta, sunset]],
    ['visibility=public&folder=/docs&q=beta&sort=-created_at', [beta]],
    ['limit=1', [alpha]],
  ]
  for (const [query, names] of cases) t.same(await namesOf(alice, query), names, query)
  for (const bad of [
    'sort=owner',
    'limit=0',
    'limit=201',
    'folder=docs',
    'q=',
    'visibility=all',
    'offset=1',
    'sort=name&sort=size',
  ])
    t.equal((await alice.get(`/files?${bad}`)).outcome, '400 validation-failed', bad)
})

t.test('pagination has no gaps or duplicates while files are added and deleted', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const created = new Set<string>()
  const doomed: string[] = []
  await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      // Many have equal sort values.
      const { id } = await alice.put('x'.repeat(i % 4), { name: `${'ab'[i % 2]}${i % 7}` })
      if (i % 5 === 0) doomed.push(id)
      else created.add(id)
    }),
  )
  for (const sort of ['name', '-name', 'created_at', '-created_at', 'size', '-size']) {
    let step = 0
    const seen = await pages(alice, `/files?limit=7&sort=${sort}`, async () => {
      await alice.put('x', { name: ['0', 'a3', 'zzz'][step++ % 3] as string })
      const gone = doomed.pop()
      if (gone !== undefined && step % 4 === 0) await alice.delete(`/files/${gone}`)
    })
    t.equal(new Set(seen).size, seen.length, `${sort}: nothing twice`)
    t.same(
      [...created].filter((id) => !seen.includes(id)),
      [],
      `${sort}: nothing that stayed is missing`,
    )
  }
})

t.test(
  'a list shows each file exactly as GET /files/{file_id} does, with special characters in names',
  async (t) => {
    const regional = await openTestRegional(t)
    const [alice, bob] = [await regional.person('alice'), await regional.person('bob')]
    await alice.befriend(bob)
    const names = ['"quoted" \\n', '}', 'null', '7', '\u2028\ufeff', '😀 e\u0301', '{"id":1}', "it's ?1 :id"]
    for (const [index, name] of names.entries()) {
      await alice.put('x'.repeat(index), {
        name,
        folder: `/${name}`,
        mediaType: 'text/x"y',
        visibility: 'public',
      })
    }
    for (const [person, list] of [
      [alice, '/files'],
      [bob, '/friends/alice/files'],
    ] as const) {
      const { items } = (await person.get(list)).json as { items: { id: string; name: string }[] }
      t.same(items.map(({ name }) => name).toSorted(), names.toSorted())
      for (const item of items) t.same(item, (await person.get(`/files/${item.id}`)).json, item.name)
    }
  },
)

t.test('pagination continues after names of maximum length', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const made: string[] = []
  // Case folding makes the last one eleven times as long.
  for (const name of ['"'.repeat(255), '\\'.repeat(255), 'ŉ'.repeat(127), '\ufdfa'.repeat(85)])
    for (let i = 0; i < 2; i++) made.push((await alice.put('x', { name })).id)
  for (const sort of ['name', '-name', 'created_at'])
    t.same((await pages(alice, `/files?limit=1&sort=${sort}`)).toSorted(), made.toSorted(), sort)
})

t.test('a cursor is valid only for the list and parameters that returned it', async (t) => {
  const regional = await openTestRegional(t)
  const [alice, bob] = [await regional.person('alice'), await regional.person('bob')]
  for (let i = 0; i < 3; i++) await alice.put('x', { visibility: 'friends', name: 'n'.repeat(200 + i) })
  await alice.befriend(bob)
  const cursor = encodeURIComponent((await alice.get('/files?limit=1&sort=size')).json.next_cursor as string)
  t.equal((await alice.get(`/files?limit=1&sort=size&cursor=${cursor}`)).status, 200)
  for (const path of [
    '/files?sort=name',
    '/files?sort=-size',
    '/files?sort=created_at',
    '/tokens?limit=9',
    '/sessions?limit=9',
    '/friends?limit=9',
  ])
    t.equal((await alice.get(`${path}&cursor=${cursor}`)).outcome, '400 validation-failed', path)
  const theirs = await bob.get(`/files?limit=1&sort=size&cursor=${cursor}`)
  t.same(theirs.json?.items, [], "another user's cursor shows only the caller's own files")
  const shared = await pages(bob, '/friends/alice/files?limit=1')
  t.equal(shared.length, 3)
  const forged = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
  )
  for (const text of fc.sample(forged, 40)) {
    const { status } = await alice.get(
      `/files?cursor=${encodeURIComponent(text.slice(0, 500).toWellFormed())}`,
    )
    t.ok(status === 400 || status === 200, text)
  }
})

t.test('two files with the same name are independent', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const bytes = Buffer.alloc(200_000, 7)
  const [first, second] = [await alice.put(bytes, { name: 'same' }), await alice.put(bytes, { name: 'same' })]
  t.not(first.id, second.id)
  t.equal(await alice.usedStorage(), 400_000, 'both count towards the quota')
  t.equal(regional.rows('select * from blobs').length, 1, 'the blob is stored once')
  await alice.delete(`/files/${first.id}`)
  t.ok((await alice.get(`/download/${second.id}`)).bytes.equals(bytes))
  t.equal((await alice.get(`/download/${first.id}`)).outcome, '404 file-not-found')
  t.equal((await alice.delete(`/files/${first.id}`)).outcome, '404 file-not-found')
  t.same(await regional.faults(), [])
})

t.test('a validation problem has the path of the invalid field', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const { id } = await alice.put('x')
  const cases: [Promise<ClientResponse>, string, RegExp][] = [
    [alice.patch(`/files/${id}`, { name: 'a/b' }), 'body/name', /./],
    [alice.patch(`/files/${id}`, { folder: '/..' }), 'body/folder', /./],
    [alice.get('/files?folder=/..'), 'query/folder', /./],
    [alice.get('/files?cursor=bm9uZQ'), 'query/cursor', /is not a valid cursor of this list/],
    [alice.upload('x', { name: 'a/b' }), 'body/file/filename', /./],
    [alice.upload('x', { folder: '/..' }), 'body/folder', /./],
  ]
  for (const [asked, path, message] of cases) {
    const { outcome, json } = await asked
    t.equal(outcome, '400 validation-failed', path)
    t.match(json.errors, [{ path, message }])
    t.equal(json.detail, `${path} ${json.errors[0].message}`)
  }
})
