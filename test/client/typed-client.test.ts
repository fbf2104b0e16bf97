import { randomBytes } from 'node:crypto'
import createClient, { type Client } from 'openapi-fetch'
import { test } from 'tap'
import type { components, paths } from '../../src/contract/types.gen.js'
import { sha256 } from '../support/person.js'
import { openTestRegional } from '../support/test-regional.js'

const PASSWORD = 'correct horse battery'

/** A client with an account. The compiler checks its requests and responses against openapi.yaml. */
async function person(baseUrl: string, username: string): Promise<Client<paths>> {
  const client = createClient<paths>({ baseUrl })
  const email = `${username}@example.com`
  const registered = await client.POST('/register', { body: { username, email, password: PASSWORD } })
  if (registered.error) throw new Error(registered.error.detail)
  const login = await client.POST('/login', { body: { identifier: email, password: PASSWORD } })
  if (login.error) throw new Error(login.error.detail)
  // Browsers do this by themselves.
  const cookie = login.response.headers
    .getSetCookie()
    .map((set) => set.split(';', 1)[0])
    .join('; ')
  client.use({ onRequest: ({ request }) => request.headers.set('cookie', cookie) })
  return client
}

/** A form with its fields before the file. */
function formOf({ file, ...fields }: components['schemas']['Upload'], name: string): FormData {
  const form = new FormData()
  for (const [field, value] of Object.entries(fields)) form.append(field, String(value))
  form.append('file', new Blob([file as Buffer], { type: 'application/octet-stream' }), name)
  return form
}

test('a client generated from the contract can share a file with a friend', async (t) => {
  const regional = await openTestRegional(t)
  const dana = await person(regional.url, 'dana')
  const noam = await person(regional.url, 'noam')

  const bytes = randomBytes(100_000)
  const name = 'שקיעה בחוף.bin'
  const uploaded = await dana.POST('/upload', {
    body: { folder: '/photos', visibility: 'friends', sha256: sha256(bytes), file: bytes },
    bodySerializer: (body) => formOf(body, name),
  })
  t.equal(uploaded.response.status, 201)
  const file = uploaded.data
  t.match(file, { name, folder: '/photos', size: bytes.length, sha256: sha256(bytes) })
  const file_id = String(file?.id)

  const listed = await dana.GET('/files', {
    params: { query: { folder: '/photos', sort: '-size', limit: 1 } },
  })
  t.strictSame(listed.data, { items: [file], next_cursor: null })

  const path = { params: { path: { file_id } } }
  const refused = await noam.GET('/files/{file_id}', path)
  t.equal(refused.error?.type, 'urn:problem-type:syncsphere:file-not-found')

  const requested = await dana.POST('/friends/request', { body: { username: 'noam' } })
  t.equal(requested.data?.status, 'pending')
  const requests = await noam.GET('/friends/requests')
  t.strictSame(
    requests.data?.items.map(({ id }) => id),
    [requested.data?.id],
  )
  const received = { params: { path: { req_id: String(requested.data?.id) } } }
  const accepted = await noam.POST('/friends/accept/{req_id}', received)
  t.equal(accepted.data?.username, 'dana')
  const friends = await dana.GET('/friends')
  t.strictSame(
    friends.data?.items.map(({ username }) => username),
    ['noam'],
  )

  const shared = await noam.GET('/friends/{username}/files', { params: { path: { username: 'dana' } } })
  t.strictSame(shared.data?.items, [file])
  const downloaded = await noam.GET('/download/{file_id}', { ...path, parseAs: 'arrayBuffer' })
  t.equal(downloaded.response.headers.get('etag'), `"${sha256(bytes)}"`)
  t.ok(Buffer.from(downloaded.data as ArrayBuffer).equals(bytes), 'the friend gets the exact content')

  const changed = await noam.PATCH('/files/{file_id}', { ...path, body: { name: 'mine.bin' } })
  t.equal(changed.error?.type, 'urn:problem-type:syncsphere:not-owner')
  const ended = await noam.POST('/logout')
  t.equal(ended.response.status, 204)
  const out = await noam.GET('/me')
  t.equal(out.response.status, 401)
})
