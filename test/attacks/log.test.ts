import t from 'tap'
import { until } from '../support/until.js'
import { openTarget } from './target.js'

interface Line {
  request_id?: string
  status?: number
  [name: string]: unknown
}

t.test('the log has time, user, address and path of each refused request, but no secrets', async (t) => {
  const { server, dana, faults } = await openTarget(t, { LOG_LEVEL: 'trace' })
  const { id } = await dana.put('hello', { name: 'secret-name.txt', folder: '/secret-folder' })
  const reader = dana.as({ authorization: `Bearer ${await dana.token('read')}` })
  const nobody = dana.as({})
  const mallory = server.person('mallory')
  t.teardown(() => Promise.all([reader, nobody, mallory].map((one) => one.close())))
  await mallory.register()
  await mallory.logIn()
  const wrong = { identifier: 'dana', password: 'wrong-and-secret' }
  const forged = '{"level":"error","msg":"forged"}'
  const responses = {
    'a wrong password': await nobody.post('/login', wrong),
    'a login without a password': await nobody.post('/login', { identifier: `dana\r\n${forged}` }),
    'no login': await nobody.get('/me'),
    'a dead session': await dana.as({ cookie: 'syncsphere_session=dead-and-secret' }).get('/me'),
    'a wrong token': await dana.as({ authorization: 'Bearer wrong-token-and-secret' }).get('/me'),
    'a token without the scope': await reader.delete(`/files/${id}`),
    "somebody else's file": await mallory.get(`/files/${id}`),
    'another site': await dana.ask('DELETE', `/files/${id}`, { headers: { origin: 'https://evil.example' } }),
    'an invalid request': await dana.get(`/files?q=secret-search&x=${encodeURIComponent(`\n${forged}`)}`),
    'a path with line breaks': await dana.get(`/nothing%0d%0a${encodeURIComponent(forged)}`),
    'a change of the password': await dana.patch('/me', {
      new_password: 'new-and-secret',
      current_password: dana.password,
    }),
  }
  const lines = () => server.errors.split('\n').filter((line) => line !== '')
  await until('all requests are logged', () => lines().filter((line) => line.includes('"/me"')).length >= 4)
  const parsed = lines().map((line) => JSON.parse(line) as Line)
  for (const [name, { status, headers }] of Object.entries(responses)) {
    const found = parsed.filter(
      (line) => line.request_id === headers['x-request-id'] && line.status === status,
    )
    t.match(
      found,
      [{ time: /Z$/, server: 'eu', method: /^[A-Z]+$/, path: /^\//, address: '127.0.0.1' }],
      name,
    )
  }
  const userOf = (name: keyof typeof responses) =>
    parsed.find((line) => line.request_id === responses[name].headers['x-request-id'])?.['user_id']
  t.equal(userOf("somebody else's file"), mallory.id)
  t.equal(userOf('another site'), dana.id)
  t.notOk(
    parsed.some((line) => line['msg'] === 'forged'),
    'a client cannot forge a log line',
  )
  const secrets = [
    dana.session,
    dana.password,
    'secret',
    reader.headers['authorization']?.slice(7),
    '$argon2',
  ]
  for (const secret of secrets) t.notOk(server.errors.includes(secret ?? '-'), `no "${secret}"`)
  t.strictSame(await faults(), [])
})
