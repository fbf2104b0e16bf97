/**
 * Server-sent events (WHATWG HTML section 9.2). Streams of one user share reads of the event log, encoded events and
 * credential checks. A stream keeps a position and no queue, so a client that does not read costs only its socket.
 */
import type { ServerResponse } from 'node:http'
import { DomainError } from '../../domain/errors.js'
import type { EventLog } from '../../domain/event-log.js'

const HEARTBEAT_MS = 15_000
const RETRY_MS = 2000
const READ_LIMIT = 100
/** Fewer than `DEFAULT_LIMITS.connections`, so that other requests find connections left. */
const MAX_STREAMS = 15_000
const MAX_STREAMS_OF_USER = 1000
const MAX_STREAMS_OF_ADDRESS = 5000
const BATCH_BYTES = 16 * 1024
/** Heartbeats to all streams at once would block the event loop, so each of these slices has its own time. */
const HEARTBEAT_SLICES = 15

export interface Subscriber {
  userId: string
  /** The client's address; undefined for an address that many people share. */
  address: string | undefined
  /** Id of the session or token. Streams of one credential share each check of `isAllowed`. */
  credential: string
  /** Called before each write of events and each heartbeat. The stream ends once it returns false. */
  isAllowed: () => boolean
}

interface Stream {
  response: ServerResponse
  subscriber: Subscriber
  /** `seq` of the last event written, or the position at which the stream began. */
  position: number
  /** The socket's buffer is full; writes wait until it has drained. */
  blocked: boolean
  /** Its heartbeat slice. */
  slice: number
}

type Batch = { seq: number; frame: Buffer }[]

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
  /** Users with events that their streams have not received. */
  readonly #pendingUsers = new Set<string>()
  #heartbeat: NodeJS.Timeout | undefined
  #openCount = 0
  readonly #openByAddress = new Map<string, number>()
  #openedTotal = 0
  #slice = 0

  constructor({ eventLog, metrics }: { eventLog: EventLog; metrics: StreamMetrics }) {
    this.#eventLog = eventLog
    this.#metrics = metrics
  }

  /** Starts the heartbeats. */
  start(heartbeatMs = HEARTBEAT_MS): void {
    this.#heartbeat = setInterval(() => this.#sendHeartbeats(), heartbeatMs / HEARTBEAT_SLICES).unref()
  }

  /** @throws DomainError too-many-streams */
  assertRoom({ userId, address }: Subscriber): void {
    const openOfUser = this.#groups.get(userId)?.streams.size ?? 0
    const openOfAddress = address === undefined ? 0 : (this.#openByAddress.get(address) ?? 0)
    if (openOfUser >= MAX_STREAMS_OF_USER) throw tooManyStreams('of this account')
    if (openOfAddress >= MAX_STREAMS_OF_ADDRESS) throw tooManyStreams('from this address')
    if (this.#openCount >= MAX_STREAMS) throw tooManyStreams('on this server')
  }

  /** Writes a user's events to a response with its headers already sent, until it closes. */
  open(response: ServerResponse, subscriber: Subscriber, lastEventId: string | undefined): void {
    const { position, missed } = this.#eventLog.resume(subscriber.userId, lastEventId)
    const stream: Stream = {
      response,
      subscriber,
      position: position.seq,
      blocked: false,
      slice: this.#openedTotal % HEARTBEAT_SLICES,
    }
    this.#openedTotal += 1
    const id = this.#eventLog.formatEventId(position)
    // An id without data gives the client its position before the first event.
    response.write(`retry: ${RETRY_MS}\nid: ${id}\n\n`)
    if (missed) response.write(`id: ${id}\nevent: stream.reset\ndata: {}\n\n`)
    this.#join(stream)
    this.#writeEvents([stream])
  }

  /** Ends all streams. */
  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat)
    this.#pendingUsers.clear()
    for (const { streams } of this.#groups.values()) for (const { response } of streams) response.end()
  }

  #join(stream: Stream): void {
    const { userId } = stream.subscriber
    const group = this.#groups.get(userId) ?? this.#newGroup(userId)
    group.streams.add(stream)
    this.#countStream(stream.subscriber, 1)
    this.#metrics.eventStreamOpened()
    stream.response.on('drain', () => {
      stream.blocked = false
      this.#writeEvents([stream])
    })
    stream.response.once('close', () => {
      this.#metrics.eventStreamClosed()
      this.#countStream(stream.subscriber, -1)
      group.streams.delete(stream)
      if (group.streams.size > 0) return
      group.unsubscribe()
      if (this.#groups.get(userId) === group) this.#groups.delete(userId)
    })
  }

  #countStream({ address }: Subscriber, by: 1 | -1): void {
    this.#openCount += by
    if (address === undefined) return
    const open = (this.#openByAddress.get(address) ?? 0) + by
    if (open > 0) this.#openByAddress.set(address, open)
    else this.#openByAddress.delete(address)
  }

  #newGroup(userId: string): Group {
    const group = {
      streams: new Set<Stream>(),
      unsubscribe: this.#eventLog.subscribe(userId, () => this.#scheduleWrite(userId)),
    }
    this.#groups.set(userId, group)
    return group
  }

  /** Batches the events of one event-loop tick, and lets the response to their author go first. */
  #scheduleWrite(userId: string): void {
    if (this.#pendingUsers.size === 0) setImmediate(() => this.#writePending())
    this.#pendingUsers.add(userId)
  }

  #writePending(): void {
    const users = [...this.#pendingUsers]
    this.#pendingUsers.clear()
    for (const userId of users) this.#writeEvents(this.#groups.get(userId)?.streams ?? [])
  }

  /** Writes the events after each stream's position. All streams are of one user. */
  #writeEvents(candidates: Iterable<Stream>): void {
    const streams = this.#endRevoked(candidates)
    for (;;) {
      const ready = streams.filter(({ blocked }) => !blocked)
      const [first] = ready
      if (first === undefined) return
      const after = ready.reduce((lowest, { position }) => Math.min(lowest, position), first.position)
      const events = this.#eventLog.read(first.subscriber.userId, after, READ_LIMIT)
      for (const batch of this.#batchesOf(events)) writeBatch(ready, batch)
      if (events.length < READ_LIMIT) return
    }
  }

  /** Encodes events in batches of at most `BATCH_BYTES`, the excess that a full socket's buffer can hold. */
  #batchesOf(events: ReturnType<EventLog['read']>): Batch[] {
    const batches: Batch[] = []
    let sizeBytes = Number.POSITIVE_INFINITY
    for (const event of events) {
      const { seq, type, data } = event
      const frame = Buffer.from(
        `id: ${this.#eventLog.formatEventId(event)}\nevent: ${type}\ndata: ${data}\n\n`,
      )
      if (sizeBytes + frame.length > BATCH_BYTES) {
        batches.push([])
        sizeBytes = 0
      }
      batches.at(-1)?.push({ seq, frame })
      sizeBytes += frame.length
    }
    return batches
  }

  #sendHeartbeats(): void {
    this.#slice = (this.#slice + 1) % HEARTBEAT_SLICES
    for (const { streams } of this.#groups.values()) {
      const due = [...streams].filter(({ slice, blocked }) => slice === this.#slice && !blocked)
      for (const { response } of this.#endRevoked(due)) response.write(': \n\n')
    }
  }

  /** Ends the streams whose session or token has ended. @returns the others that are open */
  #endRevoked(streams: Iterable<Stream>): Stream[] {
    const checked = new Map<string, boolean>()
    return [...streams].filter(({ response, subscriber: { credential, isAllowed } }) => {
      if (response.writableEnded) return false
      const allowed = checked.get(credential) ?? isAllowed()
      checked.set(credential, allowed)
      if (!allowed) response.end()
      return allowed
    })
  }
}

function tooManyStreams(scope: string): DomainError {
  return new DomainError('too-many-streams', `Too many event streams ${scope} are open.`, {
    retryAfterSeconds: 60,
  })
}

function writeBatch(streams: Stream[], batch: Batch): void {
  const last = batch.at(-1)?.seq ?? 0
  const bytes = new Map<number, Buffer>()
  for (const stream of streams) {
    const { position } = stream
    if (stream.blocked || position >= last) continue
    const due =
      bytes.get(position) ??
      Buffer.concat(batch.filter(({ seq }) => seq > position).map(({ frame }) => frame))
    bytes.set(position, due)
    stream.blocked = !stream.response.write(due)
    stream.position = last
  }
}
