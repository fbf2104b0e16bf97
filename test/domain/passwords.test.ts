import { argon2id, hash } from 'argon2'
import t from 'tap'
import { argon2, Passwords } from '../../src/domain/passwords.js'
import { openTestRegional } from '../support/test-regional.js'

t.test("hashes have OWASP's parameters and a salt each", async (t) => {
  const passwords = new Passwords()
  const [one, other] = await Promise.all([passwords.hash('secret'), passwords.hash('secret')])
  t.match(one, /^\$argon2id\$v=19\$m=19456,(t=2,p=1|p=1,t=2)\$/)
  t.not(one, other)
  t.equal(await passwords.verify(one, 'secret'), true)
  t.equal(await passwords.verify(one, 'Secret'), false)
  t.equal(
    await passwords.verify(undefined, 'no account has this password'),
    false,
    'not even the decoy opens',
  )
  t.equal(await passwords.verify(await passwords.hash('Å'), 'A\u030a'), true, 'typed composed or not')
  t.equal(passwords.isOutdated(one), false)
})

t.test('without an account the same work is done', async (t) => {
  const passwords = new Passwords()
  const known = await passwords.hash('secret')
  await passwords.verify(undefined, 'x')
  const cpu = async (phc: string | undefined) => {
    const before = process.cpuUsage()
    for (let i = 0; i < 10; i++) await passwords.verify(phc, 'wrong')
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  const [withAccount, without] = [await cpu(known), await cpu(undefined)]
  t.ok(without > withAccount / 2, `${without} µs against ${withAccount}`)
})

t.test('passwords beyond 200 on their way are asked to come back, and those are checked', async (t) => {
  const phc = await cheapHash('secret')
  const { promise: held, resolve: open } = Promise.withResolvers<void>()
  const passwords = new Passwords({
    hash: argon2.hash,
    verify: async (...asked) => {
      await held
      return argon2.verify(...asked)
    },
  })
  const checks = Array.from({ length: 200 }, () => passwords.verify(phc, 'secret'))
  await t.rejects(passwords.verify(phc, 'secret'), { code: 'unavailable', retryAfterSeconds: 2 })
  open()
  t.same(new Set(await Promise.all(checks)), new Set([true]))
  t.equal(await passwords.verify(phc, 'secret'), true, 'and there is room again')
})

t.test('a hash of other parameters is made anew at the next login, and the password stays', async (t) => {
  const regional = await openTestRegional(t)
  const alice = await regional.person('alice')
  const weak = await cheapHash(alice.password)
  regional.execute('update users set password_hash = ?', weak)
  await alice.logIn()
  const [row] = regional.rows<{ password_hash: string; rehash: string }>(
    'select password_hash, rehash from users',
  )
  t.equal(row?.password_hash, weak, 'what other servers know stays as it is')
  t.match(row?.rehash, /m=19456,/)
  await alice.logIn()
  t.equal(regional.rows<{ rehash: string }>('select rehash from users')[0]?.rehash, row?.rehash, 'once')
  const change = { new_password: 'paper boat on the river', current_password: alice.password }
  t.equal((await alice.patch('/me', change)).status, 200)
  const old = await regional.nobody().post('/login', { identifier: 'alice', password: alice.password })
  t.equal(old.outcome, '401 invalid-credentials', 'it does not outlive a change of password')
  alice.password = change.new_password
  await alice.logIn()
  t.equal((await alice.delete('/me')).status, 204)
  t.equal(regional.rows<{ rehash: string }>('select rehash from users')[0]?.rehash, null, 'nor the account')
})

function cheapHash(password: string): Promise<string> {
  return hash(password, { type: argon2id, memoryCost: 1024, timeCost: 2, parallelism: 1 })
}
