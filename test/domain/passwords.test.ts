import { argon2id, hash } from 'argon2'
import t from 'tap'
import { argon2, Passwords } from '../../src/domain/passwords.js'
import { operated } from '../support/operator.js'
import { openTestRegional } from '../support/test-regional.js'

t.test("A password hash has OWASP's argon2id parameters and its own salt", async (t) => {
  const passwords = new Passwords()
  const [one, other] = await Promise.all([passwords.hash('secret'), passwords.hash('secret')])
  t.match(one, /^\$argon2id\$v=19\$m=19456,(t=2,p=1|p=1,t=2)\$/)
  t.not(one, other)
  t.equal(await passwords.verify(one, 'secret'), true)
  t.equal(await passwords.verify(one, 'Secret'), false)
  t.equal(
    await passwords.verify(undefined, 'no account has this password'),
    false,
    'the decoy password opens no account',
  )
  t.equal(
    await passwords.verify(await passwords.hash('Å'), 'A\u030a'),
    true,
    'composed and decomposed Unicode are the same password',
  )
  t.equal(passwords.isOutdated(one), false)
})

t.test('Verifying a password of an unknown account takes as much CPU time as of a known one', async (t) => {
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

t.test(
  'The 201st concurrent password check is rejected as unavailable, and the other 200 succeed',
  async (t) => {
    const phc = await cheapHash('secret')
    const { promise: gate, resolve: openGate } = Promise.withResolvers<void>()
    const passwords = new Passwords({
      hash: argon2.hash,
      verify: async (...args) => {
        await gate
        return argon2.verify(...args)
      },
    })
    const checks = Array.from({ length: 200 }, () => passwords.verify(phc, 'secret'))
    await t.rejects(passwords.verify(phc, 'secret'), { code: 'unavailable', retryAfterSeconds: 2 })
    openGate()
    t.same(new Set(await Promise.all(checks)), new Set([true]))
    t.equal(await passwords.verify(phc, 'secret'), true, 'a check after the overload succeeds')
  },
)

t.test(
  'A login replaces a hash with outdated parameters on this server only, and the password stays valid',
  async (t) => {
    const regional = await openTestRegional(t)
    const alice = await regional.person('alice')
    const weak = await cheapHash(alice.password)
    regional.execute('update users set password_hash = ?', weak)
    await alice.logIn()
    const [row] = regional.rows<{ password_hash: string; rehash: string }>(
      'select password_hash, rehash from users',
    )
    t.equal(row?.password_hash, weak, 'the replicated hash does not change')
    t.match(row?.rehash, /m=19456,/)
    await alice.logIn()
    t.equal(
      regional.rows<{ rehash: string }>('select rehash from users')[0]?.rehash,
      row?.rehash,
      'the second login does not rehash',
    )
    const change = { new_password: 'paper boat on the river', current_password: alice.password }
    t.equal((await alice.patch('/me', change)).status, 200)
    const old = await regional.nobody().post('/login', { identifier: 'alice', password: alice.password })
    t.equal(old.outcome, '401 invalid-credentials', 'a password change invalidates the rehash')
    alice.password = change.new_password
    await alice.logIn()
    await operated(regional.config, ['account', 'delete', '--username', 'alice', '--yes', '--now'])
    t.equal(
      regional.rows<{ rehash: string }>('select rehash from users')[0]?.rehash,
      null,
      'deleting the account deletes the rehash',
    )
  },
)

function cheapHash(password: string): Promise<string> {
  return hash(password, { type: argon2id, memoryCost: 1024, timeCost: 2, parallelism: 1 })
}
