import type { Person } from '../support/person.js'
import { OPERATOR_TOKEN } from '../support/test-regional.js'
import type { WireResponse } from '../support/wire.js'
import type { Known } from './fuzz-values.js'

/** Few, and the latest: what is older has mostly come to an end. */
const MAX_REMEMBERED = 24

/** Where answers are asked for at first, so that there is something to remember. */
const SHOWN = ['/me', '/files', '/friends', '/friends/requests', '/sessions', '/tokens']

/** What only things of one kind have beside their id. */
const SIGNS: Record<string, string> = {
  sha256: 'file_id',
  status: 'req_id',
  scope: 'token_id',
  current: 'session_id',
}

/** Who sends requests, and what answers said so far. */
export class FuzzCast {
  readonly #newPerson: (username: string) => Person
  readonly #said = new Map<string, string[]>()
  #people: Person[] = []
  #tokens: string[] = []
  #count = 0

  constructor(newPerson: (username: string) => Person) {
    this.#newPerson = newPerson
  }

  /** Sees to it that three people with files, friends and tokens are logged in: requests end sessions and accounts. */
  async renew(): Promise<void> {
    const alive = await Promise.all(this.#people.map(async (one) => (await one.get('/me')).status === 200))
    await Promise.all(this.#people.filter((_, index) => !alive[index]).map((one) => one.close()))
    this.#people = this.#people.filter((_, index) => alive[index])
    while (this.#people.length < 3) {
      const person = this.#newPerson(`fuzz-${this.#count++}`)
      await person.register()
      await person.logIn()
      await person.put('hello', { visibility: 'friends', folder: '/a' })
      this.#people.push(person)
    }
    const [first, second, third] = this.#people as [Person, Person, Person]
    for (const { id } of (await first.get('/tokens?limit=200')).json.items)
      await first.delete(`/tokens/${id}`)
    this.#tokens = [await first.token('write'), await first.token('read')]
    await second.put('hello', { visibility: 'public' })
    await first.post('/friends/request', { username: second.username })
    for (const { id } of (await second.get('/friends/requests?direction=incoming')).json.items)
      await second.post(`/friends/accept/${id}`)
    await second.post('/friends/request', { username: third.username })
    // What the dead left is known to nobody any more.
    this.#said.clear()
    for (const person of this.#people) for (const path of SHOWN) this.#walk('', (await person.get(path)).json)
  }

  async close(): Promise<void> {
    await Promise.all(this.#people.map((one) => one.close()))
  }

  /** Header lines of a caller: of 0 to 7 each may do everything, the others less or nothing. */
  credentials(caller: number): string[] {
    const [write, read] = this.#tokens
    if (caller < 6) return [`Cookie: ${this.#people[caller % 3]?.headers['cookie']}`]
    if (caller < 8) return [`Authorization: Bearer ${write}`]
    const lesser = [[], ['Cookie: syncsphere_session=wrong'], [`Authorization: Bearer ${read}`]]
    return lesser[caller - 8] ?? [`Authorization: Bearer ${caller % 2 ? OPERATOR_TOKEN : 'wrong'}`]
  }

  readonly remember = ({ known, pick }: Known): string => {
    const values = this.#said.get(known) ?? []
    return values[pick % Math.max(1, values.length)] ?? 'unknown'
  }

  learn({ headers, body }: WireResponse): void {
    if (headers['etag']) this.#note('etag', headers['etag'])
    const isJson = /^application\/json/.test(headers['content-type'] ?? '') && body.length > 0
    if (isJson) this.#walk('', JSON.parse(body.toString()))
  }

  #walk(name: string, value: unknown): void {
    if (typeof value === 'string') this.#note(name, value)
    else if (Array.isArray(value)) for (const one of value.slice(0, 5)) this.#walk(name, one)
    else if (typeof value === 'object' && value !== null)
      for (const [key, one] of Object.entries(value)) this.#walk(key === 'id' ? idOf(value) : key, one)
  }

  #note(name: string, value: string): void {
    const values = this.#said.get(name) ?? []
    this.#said.set(name, values)
    const at = values.indexOf(value)
    if (at >= 0) values.splice(at, 1)
    values.push(value)
    if (values.length > MAX_REMEMBERED) values.shift()
  }
}

function idOf(thing: object): string {
  const sign = Object.keys(thing).find((key) => key in SIGNS)
  return sign === undefined ? 'id' : (SIGNS[sign] as string)
}
