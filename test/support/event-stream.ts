import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { Test } from 'tap'
import type { Client } from './client.js'
import { faultsOfEvent } from './contract-check.js'
import { until } from './until.js'

export interface StreamedEvent {
  id: string
  event: string
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of its events
  data: any
}

/** A client of GET /events that checks every event against openapi.yaml. */
export class EventStream {
  readonly events: StreamedEvent[] = []
  readonly #response: IncomingMessage
  /** The last id received, with an event or alone. */
  lastId = ''
  comments = 0
  ended = false
  #text = ''

  constructor(response: IncomingMessage) {
    this.#response = response
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => this.#take(chunk))
    response.on('close', () => {
      this.ended = true
    })
    response.on('error', () => undefined)
  }

  /** The types of the events received so far. */
  get types(): string[] {
    return this.events.map(({ event }) => event)
  }

  /** Waits until `n` events have been received in total. */
  async count(n: number): Promise<StreamedEvent[]> {
    await until(`${n} events; came: ${this.types}`, () => this.events.length >= n)
    return this.events
  }

  close(): void {
    this.#response.destroy()
  }

  #take(chunk: string): void {
    this.#text += chunk
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      this.#frame(this.#text.slice(0, end))
      this.#text = this.#text.slice(end + 2)
    }
  }

  #frame(frame: string): void {
    const fields = Object.fromEntries(
      frame.split('\n').map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
      }),
    )
    if ('' in fields) this.comments += 1
    if (fields['id'] !== undefined) this.lastId = fields['id']
    if (fields['event'] === undefined) return
    const event = {
      id: this.lastId,
      event: fields['event'],
      data: JSON.parse(fields['data'] ?? '') as unknown,
    }
    const faults = faultsOfEvent(event)
    if (faults.length > 0) throw new Error(`${frame}: ${faults.join('; ')}`)
    this.events.push(event)
  }
}

/** Opens a stream that closes with the test, and waits until it is established. */
export async function openEventStream(
  t: Test,
  url: string,
  client: Client,
  lastEventId?: string,
): Promise<EventStream> {
  const headers = { ...client.headers, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) }
  const request = get(`${url}/events`, { headers, agent: false })
  request.on('error', () => undefined)
  t.teardown(() => request.destroy())
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`GET /events: ${response.statusCode}`)
  const stream = new EventStream(response)
  await until('the stream is established', () => stream.lastId !== '' || stream.ended)
  return stream
}
