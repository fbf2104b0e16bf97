import { createHash, randomBytes } from 'node:crypto'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { newDataDir } from '../support/data-dir.js'
import { operated } from '../support/operator.js'
import { startServer } from '../support/server-process.js'

t.test(
  'A deleted file can be downloaded from a standalone server on a copy of a backup, which stays unchanged',
  async (t) => {
    const [DATA_DIR, folder] = [await newDataDir(t), await newDataDir(t)]
    const [backup, copy] = [join(folder, 'backup'), join(folder, 'copy')]
    const server = await startServer(t, { DATA_DIR, NAME: 'eu' }).serves()
    const alice = server.person('alice')
    t.teardown(() => alice.close())
    await alice.register()
    await alice.logIn()
    const bytes = randomBytes(200_000)
    const [large, small] = [
      await alice.put(bytes, { name: 'large' }),
      await alice.put('few', { name: 'small' }),
    ]
    await operated({ name: 'eu', dataDir: DATA_DIR }, ['backup', '--to', backup])
    for (const { id } of [large, small]) t.equal((await alice.delete(`/files/${id}`)).status, 204)

    const before = await digestOf(backup)
    await cp(backup, copy, { recursive: true })
    const alone = await startServer(t, { DATA_DIR: copy, NAME: 'eu', REGISTRATION: 'closed' }).serves()
    await operated(
      { name: 'eu', dataDir: copy },
      ['account', 'password', '--username', 'alice'],
      'for an hour only',
    )
    const there = alone.person('alice')
    t.teardown(() => there.close())
    there.password = 'for an hour only'
    await there.logIn()
    t.same((await there.get(`/download/${large.id}`)).bytes, bytes)
    t.equal((await there.get(`/download/${small.id}`)).bytes.toString(), 'few')

    await alice.logIn()
    t.equal(
      (await alice.get('/files')).json.items.length,
      0,
      'the server still lacks the file, and its password is unchanged',
    )
    t.equal(await digestOf(backup), before, 'the backup is unchanged')
  },
)

async function digestOf(backup: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(backup, 'regional.db')))
    .digest('hex')
}
