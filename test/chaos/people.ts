import { Person } from '../support/person.js'
import type { SeededRandom } from '../support/random.js'
import { ACCOUNT_OPERATIONS, newAccount } from './account-operations.js'
import { Device } from './device.js'
import type { Figures } from './figures.js'
import { FILE_OPERATIONS } from './file-operations.js'
import { FRIEND_OPERATIONS } from './friend-operations.js'
import type { Lock } from './lock.js'
import type { AccountModel, World } from './model/world.js'
import { attempt } from './requests.js'
import { type ChaosSphere, REGIONALS } from './sphere.js'

const OPERATIONS = new Map([...FILE_OPERATIONS, ...ACCOUNT_OPERATIONS, ...FRIEND_OPERATIONS])

/** Relative frequency of each operation. */
const WEIGHTS: Record<string, number> = {
  upload: 30,
  'upload with min_copies': 2,
  'aborted upload': 3,
  update: 14,
  delete: 10,
  download: 14,
  list: 4,
  'view account': 2,
  'log in': 2,
  'log out': 2,
  'change the password': 0.7,
  'change the email': 0.5,
  'create token': 1,
  'revoke a token': 1,
  'end another session': 1,
  listen: 1,
  'register and leave': 2,
  'request friend': 4,
  'answer request': 4,
  'cancel request': 1,
  'remove friend': 1.5,
  'list friends': 1,
  "list a friend's files": 2,
}

export interface PeopleDeps {
  sphere: ChaosSphere
  world: World
  random: SeededRandom
  figures: Figures
  /** Held shared during each operation. */
  activityLock: Lock
  count: number
  /** Minimum and maximum pause between two operations of a device, in milliseconds. */
  thinkMs: readonly [number, number]
}

/** Registers accounts, each with a device at every regional. */
export async function registerPeople({ count, ...options }: PeopleDeps): Promise<Device[]> {
  const { sphere, world, random } = options
  const people: AccountModel[] = []
  const devices: Device[] = []
  for (let user = 0; user < count; user += 1) {
    const account = await register(`user${user}`, sphere.url(REGIONALS[user % 3] as string))
    world.accounts.push(account)
    people.push(account)
    for (const [index, server] of REGIONALS.entries()) {
      const address = `127.10.${user}.${index + 1}`
      const own = random.fork(`${account.username} at ${server}`)
      const url = () => sphere.url(server)
      const operate: ChaosSphere['operate'] = (...command) => sphere.operate(...command)
      devices.push(new Device({ ...options, operate, server, url, address, account, people, random: own }))
    }
  }
  await sphere.waitQuiet('all servers know every account')
  return devices
}

/** Performs random operations on every device until the signal. */
export async function runDevices(devices: Device[], signal: AbortSignal): Promise<void> {
  await Promise.all(devices.map((device) => device.run(OPERATIONS, WEIGHTS, signal)))
}

async function register(username: string, url: string): Promise<AccountModel> {
  const [email, password] = [`${username}@example.com`, `password of ${username}`]
  const person = new Person(() => url, username)
  const tried = await attempt(person, 'POST', '/register', { json: { username, email, password } })
  await person.close()
  if (tried.outcome !== 'acknowledged') throw new Error(`${username} could not register`)
  return newAccount(username, email, password, tried)
}
