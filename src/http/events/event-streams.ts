/**
 * Server-sent events (WHATWG HTML section 9.2). Streams of one user share each read of the feed, each encoded event and
 * each look at the session that opened them; a stream keeps a position and no queue, so a client that does not read
 * costs nothing but its socket.
 */
import type { ServerResponse } from 'node:http'
import { DomainError } from '../../domain/errors.js'
import type { EventLog } from '../../domain/event-log.js'

const HEARTBEAT_MS = 15_000
const RETRY_MS = 2000
const READ_LIMIT = 100
/** Of a server's connections the rest is for requests. */
const MAX_STREAMS = 15_000
const MAX_STREAMS_OF_USER = 1000
const MAX_STREAMS_OF_ADDRESS = 5000
const PART_BYTES = 16 * 1024
/** Heartbeats of all streams at once would hold the loop: each tick is for a part of them. */
const TICKS = 15

/** Who reads a stream. */
export interface Reader {
  userId: string
  /** Where they come from; undefined for a place that many people come from. */
  address: string | undefined
  /** What lets them, e.g. the id of a session: one look counts for all streams that it opened. */
  credential: string
  /** Asked before events are written and at every heartbeat; once it says no the stream ends. */
  isAllowed: () => boolean
}

interface Stream {
  response: ServerResponse
  reader: Reader
  /** The last event that was written, or the place where the stream began. */
  position: number
  /** The socket's buffer is full; nothing is written until it has drained. */
  blocked: boolean
  /** Which tick is for its heartbeat. */
  tick: number
}

type Part = { seq: number; frame: Buffer }[]

interface Group {
  streams: Set<Stream>
  unsubscribe: () => void
}

export interface StreamMetrics {
  eventStreamOpened(): void
  eventStreamClosed(): void
}

export class EventStreams implements Disposable {
  readonly #eventLog: EventLog
  readonly #metrics: StreamMetrics
  readonly #groups = new Map<string, Group>()
  /** Users of whom there is news that their streams have not been given. */
  readonly #withEvents = new Set<string>()
  readonly #heartbeat: NodeJS.Timeout
  /** Streams that are open, in all and from each address. */
  #open = 0
  readonly #addresses = new Map<string, number>()
  #opened = 0
  #tick = 0

  constructor(eventLog: EventLog, metrics: StreamMetrics, heartbeatMs = HEARTBEAT_MS) {
    this.#eventLog = eventLog
    this.#metrics = metrics
    this.#heartbeat = setInterval(() => this.#sendHeartbeats(), heartbeatMs / TICKS).unref()
  }

  /** @throws DomainError too-many-streams */
  assertRoom({ userId, address }: Reader): void {
    const ofUser = this.#groups.get(userId)?.streams.size ?? 0
    const ofAddress = address === undefined ? 0 : (this.#addresses.get(address) ?? 0)
    if (ofUser >= MAX_STREAMS_OF_USER) throw tooMany('of this account')
    if (ofAddress >= MAX_STREAMS_OF_ADDRESS) throw tooMany('from this address')
    if (this.#open >= MAX_STREAMS) throw tooMany('on this server')
  }

  /** Writes a user's events to a response whose headers are written, until it closes. */
  open(response: ServerResponse, reader: Reader, lastEventId: string | undefined): void {
    const { position, missed } = this.#eventLog.resume(reader.userId, lastEventId)
    const stream: Stream = {
      response,
      reader,
      position: position.seq,
      blocked: false,
      tick: this.#opened % TICKS,
    }
    this.#opened += 1
    const id = this.#eventLog.idOf(position)
    // An id without data tells the client where it stands before anything has happened.
    response.write(`retry: ${RETRY_MS}\nid: ${id}\n\n`)
    if (missed) response.write(`id: ${id}\nevent: stream.reset\ndata: {}\n\n`)
    this.#join(stream)
    this.#pump([stream])
  }

  /** Ends all streams. */
  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat)
    this.#withEvents.clear()
    for (const { streams } of this.#groups.values()) for (const { response } of streams) response.end()
  }

  #join(stream: Stream): void {
    const { userId } = stream.reader
    const group = this.#groups.get(userId) ?? this.#newGroup(userId)
    group.streams.add(stream)
    this.#count(stream.reader, 1)
    this.#metrics.eventStreamOpened()
    stream.response.on('drain', () => {
      stream.blocked = false
      this.#pump([stream])
    })
    stream.response.once('close', () => {
      this.#metrics.eventStreamClosed()
      this.#count(stream.reader, -1)
      group.streams.delete(stream)
      if (group.streams.size > 0) return
      group.unsubscribe()
      if (this.#groups.get(userId) === group) this.#groups.delete(userId)
    })
  }

  #count({ address }: Reader, by: 1 | -1): void {
    this.#open += by
    if (address === undefined) return
    const ofAddress = (this.#addresses.get(address) ?? 0) + by
    if (ofAddress > 0) this.#addresses.set(address, ofAddress)
    else this.#addresses.delete(address)
  }

  #newGroup(userId: string): Group {
    const group = {
      streams: new Set<Stream>(),
      unsubscribe: this.#eventLog.subscribe(userId, () => this.#noteEvents(userId)),
    }
    this.#groups.set(userId, group)
    return group
  }

  /** Changes that are made together are written together, and after the response to their author. */
  #noteEvents(userId: string): void {
    if (this.#withEvents.size === 0) setImmediate(() => this.#sendEvents())
    this.#withEvents.add(userId)
  }

  #sendEvents(): void {
    const users = [...this.#withEvents]
    this.#withEvents.clear()
    for (const userId of users) this.#pump(this.#groups.get(userId)?.streams ?? [])
  }

  /** Writes to streams of one user what they have not got yet. */
  #pump(some: Iterable<Stream>): void {
    const streams = this.#stillOpen(some)
    for (;;) {
      const ready = streams.filter(({ blocked }) => !blocked)
      const [first] = ready
      if (first === undefined) return
      const from = ready.reduce((least, { position }) => Math.min(least, position), first.position)
      const events = this.#eventLog.read(first.reader.userId, from, READ_LIMIT)
      for (const part of this.#partsOf(events)) writePart(ready, part)
      if (events.length < READ_LIMIT) return
    }
  }

  /** Encoded events that are written at once: a socket that is full holds one part more than it should. */
  #partsOf(events: ReturnType<EventLog['read']>): Part[] {
    const parts: Part[] = []
    let bytes = Number.POSITIVE_INFINITY
    for (const event of events) {
      const { seq, type, data } = event
      const frame = Buffer.from(`id: ${this.#eventLog.idOf(event)}\nevent: ${type}\ndata: ${data}\n\n`)
      if (bytes + frame.length > PART_BYTES) {
        parts.push([])
        bytes = 0
      }
      parts.at(-1)?.push({ seq, frame })
      bytes += frame.length
    }
    return parts
  }

  #sendHeartbeats(): void {
    this.#tick = (this.#tick + 1) % TICKS
    for (const { streams } of this.#groups.values()) {
      const due = [...streams].filter(({ tick, blocked }) => tick === this.#tick && !blocked)
      for (const { response } of this.#stillOpen(due)) response.write(': \n\n')
    }
  }

  /** Ends the streams whose session or token has ended meanwhile. */
  #stillOpen(streams: Iterable<Stream>): Stream[] {
    const looks = new Map<string, boolean>()
    return [...streams].filter(({ response, reader: { credential, isAllowed } }) => {
      if (response.writableEnded) return false
      const allowed = looks.get(credential) ?? isAllowed()
      looks.set(credential, allowed)
      if (!allowed) response.end()
      return allowed
    })
  }
}

function tooMany(whose: string): DomainError {
  return new DomainError('too-many-streams', `Too many event streams ${whose} are open.`, {
    retryAfterSeconds: 60,
  })
}

function writePart(streams: Stream[], part: Part): void {
  const last = part.at(-1)?.seq ?? 0
  const bytes = new Map<number, Buffer>()
  for (const stream of streams) {
    const { position } = stream
    if (stream.blocked || position >= last) continue
    const due =
      bytes.get(position) ?? Buffer.concat(part.filter(({ seq }) => seq > position).map(({ frame }) => frame))
    bytes.set(position, due)
    stream.blocked = !stream.response.write(due)
    stream.position = last
  }
}
