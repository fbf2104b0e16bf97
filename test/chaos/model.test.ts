import t from 'tap'
import { newAccount } from './account-operations.js'
import { compareFiles } from './checks/files.js'
import { faultsBetween } from './checks/sphere.js'
import { worldAsOf } from './model/past.js'
import { type Attempt, type Outcome, Register } from './model/register.js'
import {
  type AccountModel,
  authorisedBy,
  type Credential,
  isSureOf,
  verdictOf,
  verdictOfCredential,
  World,
} from './model/world.js'

function attempt(began: number, ended: number, outcome: Outcome = 'acknowledged'): Attempt {
  return { began, ended, outcome }
}

function account(username = 'dana'): AccountModel {
  const tried = { ...attempt(0, 10), response: undefined }
  return { ...newAccount(username, `${username}@example.com`, 'a password', tried), id: username }
}

function session(began: number): Credential {
  return { kind: 'session', id: '', headers: {}, opened: attempt(began, began + 1), ends: [] }
}

const FILE = {
  id: 'f',
  name: 'a.txt',
  folder: '/',
  visibility: 'private',
  size: 3,
  sha256: 'abc',
  available: true,
  stored_on: ['ap', 'eu', 'grand', 'us'],
}

function owner(upload: Attempt, ...deletions: Attempt[]): AccountModel {
  const dana = account()
  const { size, sha256 } = FILE
  const id = upload.outcome === 'acknowledged' ? FILE.id : undefined
  const registers = { name: new Register('a.txt'), folder: new Register('/') }
  const visibility = new Register<'private' | 'friends' | 'public'>('private')
  dana.files.push({ server: 'eu', id, sha256, size, upload, ...registers, visibility, deletions })
  return dana
}

function view(...files: (typeof FILE)[]) {
  const used_storage = files.reduce((sum, { size }) => sum + size, 0)
  return { me: { id: 'dana', username: 'dana', email: '', used_storage }, files, friends: [] as string[] }
}

t.test('A register may end as any value that no later write certainly replaced', async (t) => {
  const cases: [what: string, writes: [string, Attempt][], lawful: string[]][] = [
    ['nothing was written', [], ['first']],
    [
      'the later one',
      [
        ['a', attempt(10, 20)],
        ['b', attempt(30, 40)],
      ],
      ['b'],
    ],
    [
      'two at once',
      [
        ['a', attempt(10, 30)],
        ['b', attempt(20, 40)],
      ],
      ['a', 'b'],
    ],
    ['one that was refused', [['a', attempt(10, 20, 'refused')]], ['first']],
    ['one that had no response', [['a', attempt(10, 20, 'unknown')]], ['first', 'a']],
    [
      'a write without a response may still take effect',
      [
        ['a', attempt(10, 20, 'unknown')],
        ['b', attempt(90, 95)],
      ],
      ['a', 'b'],
    ],
  ]
  for (const [title, writes, lawful] of cases) {
    const register = new Register('first')
    for (const [value, one] of writes) register.note(value, one)
    t.same([...register.permitted()], lawful, title)
  }
  const register = new Register('first')
  register.note('a', attempt(10, 20))
  register.note('b', attempt(30, 40))
  t.same([...register.asOf(35).permitted()], ['a', 'b'], 'a write in flight at that time')
  t.same([...register.asOf(25).permitted()], ['a'], 'before the write began')
})

t.test('A verdict is must, must-not or may, depending on the attempts', async (t) => {
  t.equal(verdictOf(attempt(0, 1)), 'must')
  t.equal(verdictOf(attempt(0, 1, 'refused')), 'must-not')
  t.equal(verdictOf(attempt(0, 1, 'unknown')), 'may')
  t.equal(verdictOf(attempt(0, 1), attempt(2, 3)), 'must-not')
  t.equal(verdictOf(attempt(0, 1), attempt(2, 3, 'unknown')), 'may')
  const dana = account()
  const [old, by, young] = [session(0), session(10), session(500)]
  dana.passwordChanges.push({ by, attempt: attempt(100, 200), isSure: true })
  t.equal(verdictOfCredential(dana, old), 'must-not', 'a new password ends the session')
  t.equal(verdictOfCredential(dana, by), 'must', 'the session that set the password stays')
  t.equal(verdictOfCredential(dana, young), 'may', 'the server may not have known the new password')
})

t.test(
  'What a session authorises is certain only under the one password that the account can have',
  async (t) => {
    const dana = account()
    const old: Credential = { ...session(0), password: 'a password' }
    t.ok(isSureOf(dana, old))
    dana.changingPassword = 1
    t.notOk(isSureOf(dana, old), 'another device is changing the password')
    dana.changingPassword = 0
    dana.password.note('another', attempt(100, 200))
    t.notOk(isSureOf(dana, old), 'its server may not know the new password')
    t.equal(authorisedBy(dana, old, attempt(300, 400)).outcome, 'unknown')
    const renewed: Credential = { ...session(0), password: 'another' }
    t.equal(authorisedBy(dana, renewed, attempt(300, 400)).outcome, 'acknowledged')
  },
)

t.test('A lost, undead, unexplained or altered file is detected', async (t) => {
  t.same(compareFiles(owner(attempt(0, 1)), view(FILE)), { lost: [], wrong: [] })
  t.equal(compareFiles(owner(attempt(0, 1)), view()).lost.length, 1, 'lost')
  t.equal(
    compareFiles(owner(attempt(0, 1, 'unknown')), view()).lost.length,
    0,
    'an upload without a response may be lost',
  )
  t.same(
    compareFiles(owner(attempt(0, 1, 'unknown')), view(FILE)).wrong,
    [],
    'an upload without a response may be there',
  )
  const wrong: [what: string, account: AccountModel, file: typeof FILE][] = [
    ['lives again', owner(attempt(0, 1), attempt(5, 6)), FILE],
    ['refused, and there', owner(attempt(0, 1, 'refused')), FILE],
    ['uploaded by nobody', account(), FILE],
    ['other bytes', owner(attempt(0, 1)), { ...FILE, sha256: 'abd' }],
    ['half of it', owner(attempt(0, 1, 'unknown')), { ...FILE, size: 2, sha256: 'abd' }],
    ['another name', owner(attempt(0, 1)), { ...FILE, name: 'b.txt' }],
    ['not everywhere', owner(attempt(0, 1)), { ...FILE, stored_on: ['eu'] }],
  ]
  for (const [what, one, file] of wrong) t.not(compareFiles(one, view(file)).wrong.length, 0, what)
  const sum = { ...view(FILE), me: { ...view(FILE).me, used_storage: 4 } }
  t.match(compareFiles(owner(attempt(0, 1)), sum).wrong, [/uses 4 bytes/])
})

t.test('A one-sided friendship, a name with two holders and an exceeded quota are detected', async (t) => {
  const [dana, noam] = [account('dana'), account('noam')]
  const world = new World()
  world.pair(dana, noam).active.note(true, attempt(10, 11))
  const see = (one: AccountModel, friends: string[], username = one.username) => ({
    account: one,
    view: { ...view(FILE), friends, me: { ...view(FILE).me, id: one.username, username } },
    lost: [],
    wrong: [],
  })
  const faults = (...found: ReturnType<typeof see>[]) => faultsBetween(world, found, 100, [])
  t.same(faults(see(dana, ['noam']), see(noam, ['dana'])), [])
  t.match(faults(see(dana, ['noam']), see(noam, [])), [/on one side/])
  t.match(faults(see(dana, []), see(noam, [])), [/not friends/])
  const twin = account('dana')
  t.match(faults(see(dana, []), see(twin, [])), [/2 accounts hold the name dana/])
  const full = owner(attempt(0, 1))
  const over = { ...see(full, []), view: { ...view(FILE), me: { ...view(FILE).me, used_storage: 101 } } }
  t.match(faultsBetween(new World(), [over], 100, []), [/exceeds its quota/])
  t.same(
    faultsBetween(new World(), [over], 100, [{ from: 0, until: 5 }]),
    [],
    'the servers had not converged',
  )
  t.match(faultsBetween(new World(), [over], 2, [{ from: 0, until: 5 }]), [/eu alone accepted 3 bytes/])
})

t.test('The model at an earlier time omits later attempts and leaves attempts in flight open', async (t) => {
  const world = new World()
  const dana = owner(attempt(20, 30), attempt(50, 60))
  world.accounts.push(dana)
  const [before, during, after] = [15, 25, 40].map((time) => worldAsOf(world, time).accounts[0])
  t.equal(before?.files.length, 0)
  t.equal(verdictOf(during!.files[0]!.upload), 'may')
  t.same(after?.files[0]?.deletions, [])
  t.equal(verdictOf(after!.files[0]!.upload), 'must')
  t.same(worldAsOf(world, 0).accounts, [])
})
