import type { Person } from '../support/person.js'
import { OPERATOR_TOKEN } from '../support/test-regional.js'
import type { WireResponse } from '../support/wire.js'
import type { Known } from './fuzz-values.js'

/** Only the latest values, because older ones mostly name deleted things. */
const MAX_REMEMBERED = 24

/** Paths whose responses provide the first values. */
const SEED_PATHS = ['/me', '/files', '/friends', '/friends/requests', '/sessions', '/tokens']

/** Properties that identify the kind of an object with an id. */
const KIND_BY_PROPERTY: Record<string, string> = {
  sha256: 'file_id',
  status: 'req_id',
  scope: 'token_id',
  current: 'session_id',
}

/** The callers of fuzz requests, and the values of past responses. */
export class FuzzCast {
  readonly #newPerson: (username: string) => Person
  readonly #values = new Map<string, string[]>()
  #people: Person[] = []
  #tokens: string[] = []
  #count = 0

  constructor(newPerson: (username: string) => Person) {
    this.#newPerson = newPerson
  }

  /** Ensures that three people with files, friends and tokens are logged in, since requests end sessions and accounts. */
  async renew(): Promise<void> {
    const alive = await Promise.all(
      this.#people.map(async (person) => (await person.get('/me')).status === 200),
    )
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
    // Values of deleted accounts are useless.
    this.#values.clear()
    for (const person of this.#people)
      for (const path of SEED_PATHS) this.#walk('', (await person.get(path)).json)
  }

  async close(): Promise<void> {
    await Promise.all(this.#people.map((one) => one.close()))
  }

  /** Header lines of a caller: 0 to 7 have full access, the others less or none. */
  credentials(caller: number): string[] {
    const [write, read] = this.#tokens
    if (caller < 6) return [`Cookie: ${this.#people[caller % 3]?.headers['cookie']}`]
    if (caller < 8) return [`Authorization: Bearer ${write}`]
    const lesser = [[], ['Cookie: syncsphere_session=wrong'], [`Authorization: Bearer ${read}`]]
    return lesser[caller - 8] ?? [`Authorization: Bearer ${caller % 2 ? OPERATOR_TOKEN : 'wrong'}`]
  }

  readonly remember = ({ known, pick }: Known): string => {
    const values = this.#values.get(known) ?? []
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
    const values = this.#values.get(name) ?? []
    this.#values.set(name, values)
    const at = values.indexOf(value)
    if (at >= 0) values.splice(at, 1)
    values.push(value)
    if (values.length > MAX_REMEMBERED) values.shift()
  }
}

function idOf(value: object): string {
  const property = Object.keys(value).find((key) => key in KIND_BY_PROPERTY)
  return property === undefined ? 'id' : (KIND_BY_PROPERTY[property] as string)
}
