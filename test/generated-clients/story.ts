/** A person's way from registration to a download, by the client that hey-api has made; run by scripts/generated-clients.mjs. */
import { client } from './clients/hey/client.gen'
import {
  createToken,
  downloadFile,
  getMe,
  listFiles,
  loginUser,
  registerUser,
  updateFile,
  uploadFile,
} from './clients/hey/sdk.gen'

const PASSWORD = 'correct horse battery'
const BYTES = new TextEncoder().encode('the very bytes')

export async function story(baseUrl: string): Promise<void> {
  client.setConfig({ baseUrl, throwOnError: true })
  await registerUser({ body: { username: 'dana', email: 'dana@nas', password: PASSWORD } })
  const { response } = await loginUser({ body: { identifier: 'dana', password: PASSWORD } })
  const cookie = response?.headers.get('set-cookie')?.split(';')[0] ?? ''
  const made = await createToken({ body: { name: 'story', scope: 'write' }, headers: { cookie } })
  client.setConfig({ baseUrl, throwOnError: true, auth: () => made.data?.token })

  const me = await getMe()
  same(me.data?.username, 'dana')
  const name = 'a "name" with % and é.txt'
  const file = new File([BYTES], name, { type: 'text/plain' })
  const uploaded = await uploadFile({ body: { file, folder: '/photos' } })
  const id = uploaded.data?.id ?? ''
  same(uploaded.data?.name, name)
  const renamed = await updateFile({ path: { file_id: id }, body: { visibility: 'friends' } })
  same(renamed.data?.visibility, 'friends')
  const listed = await listFiles({ query: { folder: '/photos', limit: 10 } })
  same(listed.data?.items.map((one) => one.id).join(), id)
  const { data } = await downloadFile({ path: { file_id: id }, parseAs: 'blob' })
  same(await (data as Blob).text(), 'the very bytes')
}

function same(seen: unknown, expected: unknown): void {
  if (seen !== expected) throw new Error(`${String(seen)} is not ${String(expected)}`)
}
