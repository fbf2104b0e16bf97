/**
 * Server-sent events (WHATWG HTML section 9.2). Streams of one user share each read of the feed and each encoded
 * event; a stream keeps a position and no queue, so a client that does not read costs nothing but its socket.
 */
import type { ServerResponse } from 'node:http'
import { DomainError } from '../domain/errors.js'
import type { Feed } from '../domain/feed.js'

const HEARTBEAT_MS = 15_000
const RETRY_MS = 2000
const READ_LIMIT = 100
const MAX_STREAMS_OF_USER = 10_000

interface Stream {
  response: ServerResponse
  /** The last event that was written, or the place where the stream began. */
  position: number
  /** The socket's buffer is full; nothing is written until it has drained. */
  blocked: boolean
  isAllowed: () => boolean
}

interface Group {
  streams: Set<Stream>
  stopListening: () => void
}

export interface StreamMetrics {
  eventStreamOpened(): void
  eventStreamClosed(): void
}

export class EventStreams implements Disposable {
  readonly #feed: Feed
  readonly #metrics: StreamMetrics
  readonly #groups = new Map<string, Group>()
  readonly #heartbeat: NodeJS.Timeout

  constructor(feed: Feed, metrics: StreamMetrics, heartbeatMs = HEARTBEAT_MS) {
    this.#feed = feed
    this.#metrics = metrics
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs).unref()
  }

  /** @throws DomainError too-many-streams */
  assertRoom(userId: string): void {
    if ((this.#groups.get(userId)?.streams.size ?? 0) < MAX_STREAMS_OF_USER) return
    throw new DomainError('too-many-streams', 'Too many event streams of this account are open.', {
      retryAfterSeconds: 60,
    })
  }

  /**
   * Writes a user's events to a response whose headers are written, until it closes.
   * @param isAllowed asked before events are written and at every heartbeat; once it says no the stream ends
   */
  open(
    response: ServerResponse,
    userId: string,
    lastEventId: string | undefined,
    isAllowed: () => boolean,
  ): void {
    const { position, missed } = this.#feed.resume(lastEventId)
    const stream: Stream = { response, position, blocked: false, isAllowed }
    const id = this.#feed.idOf(position)
    // An id without data tells the client where it stands before anything has happened.
    response.write(`retry: ${RETRY_MS}\nid: ${id}\n\n`)
    if (missed) response.write(`id: ${id}\nevent: stream.reset\ndata: {}\n\n`)
    this.#join(userId, stream)
    this.#pump(userId)
  }

  /** Ends all streams. */
  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat)
    for (const { streams } of this.#groups.values()) for (const { response } of streams) response.end()
  }

  #join(userId: string, stream: Stream): void {
    const group = this.#groups.get(userId) ?? this.#newGroup(userId)
    group.streams.add(stream)
    this.#metrics.eventStreamOpened()
    stream.response.on('drain', () => {
      stream.blocked = false
      this.#pump(userId)
    })
    stream.response.once('close', () => {
      this.#metrics.eventStreamClosed()
      group.streams.delete(stream)
      if (group.streams.size > 0) return
      group.stopListening()
      if (this.#groups.get(userId) === group) this.#groups.delete(userId)
    })
  }

  #newGroup(userId: string): Group {
    const group = {
      streams: new Set<Stream>(),
      stopListening: this.#feed.listen(userId, () => this.#pump(userId)),
    }
    this.#groups.set(userId, group)
    return group
  }

  /** Writes to every stream of a user what it has not got yet. */
  #pump(userId: string): void {
    const streams = [...(this.#groups.get(userId)?.streams ?? [])].filter((stream) => this.#isOpen(stream))
    for (;;) {
      const ready = streams.filter(({ blocked }) => !blocked)
      if (ready.length === 0) return
      const from = Math.min(...ready.map(({ position }) => position))
      const events = this.#feed.read(userId, from, READ_LIMIT)
      for (const { seq, type, data } of events) {
        const frame = `id: ${this.#feed.idOf(seq)}\nevent: ${type}\ndata: ${data}\n\n`
        for (const stream of ready) {
          if (stream.blocked || stream.position >= seq) continue
          stream.blocked = !stream.response.write(frame)
          stream.position = seq
        }
      }
      if (events.length < READ_LIMIT) return
    }
  }

  #beat(): void {
    for (const { streams } of this.#groups.values()) {
      for (const stream of streams)
        if (this.#isOpen(stream) && !stream.blocked) stream.response.write(': \n\n')
    }
  }

  /** Ends a stream whose session or token has ended meanwhile. */
  #isOpen(stream: Stream): boolean {
    if (stream.response.writableEnded) return false
    if (stream.isAllowed()) return true
    stream.response.end()
    return false
  }
}
