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

/** How often each operation comes, beside the others. */
const WEIGHTS: Record<string, number> = {
  upload: 30,
  'upload with copies': 2,
  'upload given up': 3,
  update: 14,
  delete: 10,
  download: 14,
  list: 4,
  'look at the account': 2,
  'log in': 2,
  'log out': 2,
  'change the password': 0.7,
  'change the email': 0.5,
  'make a token': 1,
  'revoke a token': 1,
  'end another session': 1,
  listen: 1,
  'come and go': 2,
  'ask a friend': 4,
  'answer a request': 4,
  'cancel a request': 1,
  'end a friendship': 1.5,
  'list friends': 1,
  "see a friend's files": 2,
}

export interface PeopleOptions {
  sphere: ChaosSphere
  world: World
  random: SeededRandom
  figures: Figures
  /** Held shared during each operation. */
  gate: Lock
  count: number
  /** Between two operations of one device, milliseconds, at least and at most. */
  thinkMs: readonly [number, number]
}

/** Registers people, and gives each a device at every regional. */
export async function settle({ count, ...options }: PeopleOptions): Promise<Device[]> {
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
  await sphere.quiet('all know everybody')
  return devices
}

/** Lets everybody do this and that until they are told to end. */
export async function work(devices: Device[], signal: AbortSignal): Promise<void> {
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
