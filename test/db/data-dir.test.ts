import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ensureCertificates } from '../../src/certs/folder.js'
import { lockDataDir } from '../../src/db/data-dir.js'
import { operate } from '../support/operator.js'
import { startServer } from '../support/server-process.js'
import { openTestRegional } from '../support/test-regional.js'

const NO_FOLDER = 'cannot be used: it is a file, not a folder'
const NO_FILE = 'cannot be used: it is a folder, not a file'
const MISSING = 'cannot be used: a folder is missing'

t.test('A data folder that is a file or leads nowhere cannot be used, and nothing is created', async (t) => {
  const root = t.testdir({ file: '' })
  const [file, dangling] = [join(root, 'file'), join(root, 'dangling')]
  symlinkSync('nowhere', dangling)
  for (const [path, message] of [
    ['/dev/null', `/dev/null ${NO_FOLDER}`],
    [file, `${file} ${NO_FOLDER}`],
    [join(file, 'below'), `${file} ${NO_FOLDER}`],
    [dangling, `${dangling} ${MISSING}`],
    [join(dangling, 'below'), `${dangling} ${MISSING}`],
  ] as const) {
    t.throws(() => lockDataDir(path, 'regional'), { message }, path)
  }
  t.strictSame(readdirSync(root).sort(), ['dangling', 'file'])
})

t.test('A data folder whose files and folders are of the wrong kind cannot be used', async (t) => {
  for (const [name, message] of [
    ['blobs', NO_FOLDER],
    ['tmp', NO_FOLDER],
    ['lock', NO_FILE],
    ['regional.db', NO_FILE],
    ['grand.db', NO_FILE],
  ] as const) {
    const kind = name === 'grand.db' ? 'grand' : 'regional'
    const [wrong, dangling] = [
      join(t.testdir({ wrong: {}, dangling: {} }), 'wrong'),
      join(t.testdirName, 'dangling'),
    ]
    if (message === NO_FOLDER) writeFileSync(join(wrong, name), '')
    else mkdirSync(join(wrong, name))
    t.throws(() => lockDataDir(wrong, kind), { message: `${join(wrong, name)} ${message}` }, name)
    symlinkSync('nowhere', join(dangling, name))
    t.throws(() => lockDataDir(dangling, kind), { message: `${join(dangling, name)} ${MISSING}` }, name)
    t.notOk(existsSync(join(dangling, 'nowhere')))
  }
  const other = t.testdir({ 'lost+found': {}, 'notes.txt': '' })
  lockDataDir(other, 'regional')[Symbol.dispose]()
})

t.test(
  'A server does not start on the data folder of the other kind of server, and creates nothing in it',
  async (t) => {
    const certs = join(t.testdir({}), 'certs')
    await ensureCertificates(certs, { names: ['grand', 'eu'], now: new Date() })
    for (const [kind, other] of [
      ['grand', 'regional'],
      ['regional', 'grand'],
    ] as const) {
      const DATA_DIR = join(t.testdirName, other)
      const env = (name: string) => ({ DATA_DIR, CERTS_DIR: certs, NAME: name === 'grand' ? 'grand' : 'eu' })
      await (await startServer(t, env(other), other).serves()).kill()
      const before = readdirSync(DATA_DIR).sort()
      const server = startServer(t, env(kind), kind)
      t.equal(await server.end(), 1)
      t.equal(server.errors, `${DATA_DIR} has the data of a ${other} server, but this is a ${kind} server\n`)
      t.strictSame(readdirSync(DATA_DIR).sort(), before)
      await (await startServer(t, env(other), other).serves()).kill()
    }
  },
)

t.test('Programs name a path that is a file instead of a folder in one line, and exit with 1', async (t) => {
  const { config } = await openTestRegional(t)
  const file = join(t.testdir({ file: '' }), 'file')
  const server = startServer(t, { DATA_DIR: '/dev/null' })
  t.equal(await server.end(), 1)
  t.equal(server.errors, `/dev/null ${NO_FOLDER}\n`)
  const says = (errors: string) => ({ code: 1, output: '', errors: `syncsphere: ${errors}\n` })
  t.strictSame(await operate(config, ['backup', '--to', file]), says(`${file} ${NO_FOLDER}`))
  t.strictSame(await operate(config, ['certs', '--out', file]), says(`${file} ${NO_FOLDER}`))
  const to = join(t.testdirName, 'backup')
  const elsewhere = await operate({ ...config, dataDir: file }, ['backup', '--to', to])
  t.strictSame(elsewhere, says(`${file} ${NO_FOLDER}`))
  const withoutBlobs = `${t.testdir({ data: { 'regional.db': '' } })}/data`
  const broken = await operate({ ...config, dataDir: withoutBlobs }, ['backup', '--to', to])
  t.strictSame(broken, says(`${join(withoutBlobs, 'blobs')} ${MISSING}`))
})
