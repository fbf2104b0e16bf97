/**
 * The messages between a regional and the grand, and their frames. Pure: no socket, no clock.
 *
 * One WebSocket message is one frame: 4 bytes with the length of the header (big endian), the header (JSON, one of
 * the messages below), then the bytes of the blobs that the header lists, in order. Small blobs are sent with the
 * changes that reference them; larger ones go over HTTPS (`blobPath`).
 *
 * A session begins with a handshake: the regional sends `hello`, the grand responds `welcome` or `refused`. Then the
 * regional sends `changes`, which the grand acknowledges after its commit. The grand sends `entries` of its log, at most
 * `WINDOW` batches ahead of the regional's `applied`, so that a slow regional is not flooded.
 */
import Type, { type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Change } from '../model/change.js'

/** Protocol versions that this program speaks, best first. */
export const PROTOCOLS = [1] as const

/** Path of the WebSocket on the grand. */
export const LINK_PATH = '/link'

/** Path of one blob on the grand: PUT, GET (with Range) and HEAD. */
export function blobPath(sha256: string): string {
  return `/blobs/${sha256}`
}

/**
 * Headers of blob transfers. HEAD returns in `upload-offset` how many bytes the grand has. A PUT sends the bytes from
 * `upload-offset` to the end; `upload-length` is the size of the blob. The status of a PUT is 201 once the blob is verified
 * and durable, 409 during another upload of the blob or if the offset is not the next byte, 422 on a hash mismatch (the
 * received bytes are discarded), 404 if no change references the blob, and 507 if the disk is full.
 */
export const UPLOAD_OFFSET = 'upload-offset'
export const UPLOAD_LENGTH = 'upload-length'

/** Largest frame in bytes: a full batch and its header. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024

/** Limits of a batch of changes and of a page of the log. */
export const MAX_BATCH_CHANGES = 512
export const MAX_PAGE_ENTRIES = 2048
/** Hashes of blobs in one message. */
export const MAX_HASHES = 500
const MAX_BATCH_BYTES = 4 * 1024 * 1024

/**
 * Bytes of changes and blobs per batch, so that encoding one blocks the event loop briefly. JSON escapes can at most double
 * them, so a batch stays within MAX_FRAME_BYTES.
 */
export const BATCH_BYTES = 1024 * 1024

/** Unacknowledged batches in flight, per direction. */
export const WINDOW = 4

/** How far a stamp may be ahead of the grand's clock. The newest stamp in the log is always allowed. */
export const MAX_CLOCK_AHEAD_MS = 60_000

/** Both sides ping after this time without a sign of life; after about twice this time they drop the connection. */
export const HEARTBEAT_MS = 3000

const server = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' })
const hex = (digits: number) => Type.String({ pattern: `^[0-9a-f]{${digits}}$` })
const position = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const closed = <const P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false })
/** Handshake messages are open: a newer peer may send more properties. */
const open = <const P extends Record<string, TSchema>>(properties: P) => Type.Object(properties)

/** A position in a log: the log's id, the number of the last entry, and the hash chain's value there. */
const cursor = closed({ log_id: hex(32), gseq: position, ghash: hex(64) })
const blob = closed({ sha256: hex(64), size: Type.Integer({ minimum: 0, maximum: MAX_BATCH_BYTES }) })
const blobs = (maxItems: number) => Type.Array(blob, { maxItems })
/** The exact JSON text of a change, which is hashed and stored. model/change-reader.ts validates it. */
const changeText = Type.String({ maxLength: 64 * 1024 })

/** The highest change version that a side understands; it forwards every version. */
const changeVersion = Type.Integer({ minimum: 1 })

/** Opens the handshake. `head`: newest own `oseq` of `epoch`, 0 for none. `time`: the regional's clock, ms since 1970. */
const hello = open({
  type: Type.Literal('hello'),
  protocols: Type.Array(Type.Integer({ minimum: 1, maximum: 1000 }), { minItems: 1, maxItems: 16 }),
  server,
  epoch: hex(32),
  head: position,
  cursor: Type.Union([cursor, Type.Null()]),
  time: position,
  changes: changeVersion,
})

/**
 * Accepts a hello. `seen`: the last change of the hello's epoch in the log, null for none. `cursor_known`: whether the
 * hello's cursor is a position in this log; if not, the regional reads from 0 and republishes the rows that the log lacks.
 */
const welcome = open({
  type: Type.Literal('welcome'),
  protocol: Type.Integer({ minimum: 1 }),
  server,
  log_id: hex(32),
  head: position,
  seen: Type.Union([closed({ oseq: position, id: Type.String({ maxLength: 36 }) }), Type.Null()]),
  cursor_known: Type.Boolean(),
  time: position,
  watermarks: Type.Record(server, position),
  changes: changeVersion,
})

/** Changes of the regional, contiguous in `oseq`, with the small blobs that they reference. */
const changes = closed({
  type: Type.Literal('changes'),
  changes: Type.Array(changeText, { minItems: 1, maxItems: MAX_BATCH_CHANGES }),
  blobs: blobs(MAX_BATCH_CHANGES),
})

/** Every change up to `oseq` is durable in the log. */
const ack = closed({ type: Type.Literal('ack'), oseq: position })

/**
 * Refuses a message. `future-stamp`: change `oseq` has a stamp ahead of the grand's clock (`time`). Every change before it was
 * acknowledged; the regional stamps the others again and reconnects. Any other code ends the session. `replaced`: another
 * connection uses the same name, so two servers share it.
 */
const refused = closed({
  type: Type.Literal('refused'),
  code: Type.Enum([
    'future-stamp',
    'protocol',
    'identity',
    'revoked',
    'gap',
    'invalid',
    'overload',
    'replaced',
  ]),
  reason: Type.String({ maxLength: 500 }),
  oseq: Type.Union([position, Type.Null()]),
  time: position,
})

/**
 * Entries of the log, contiguous in `gseq`, with the small blobs of other servers' changes. `logged_at`: when the log took the
 * change, ms since 1970.
 */
const entries = closed({
  type: Type.Literal('entries'),
  entries: Type.Array(closed({ gseq: position, ghash: hex(64), logged_at: position, change: changeText }), {
    minItems: 1,
    maxItems: MAX_PAGE_ENTRIES,
  }),
  head: position,
  blobs: blobs(MAX_PAGE_ENTRIES),
})

/** Requests the entries after `gseq`. Sent once, after the welcome. */
const follow = closed({ type: Type.Literal('follow'), after: position })

/** Acknowledges that all entries up to `gseq` are durably applied, which reopens the window. */
const applied = closed({ type: Type.Literal('applied'), gseq: position })

/** A server stores every blob up to `gseq`. A regional reports its own watermark; the grand forwards all. */
const watermark = closed({ type: Type.Literal('watermark'), server, gseq: position })

/** The grand misses these blobs; the regional PUTs those that it stores. */
const want = closed({
  type: Type.Literal('want'),
  blobs: Type.Array(hex(64), { minItems: 1, maxItems: MAX_HASHES }),
})

/** The grand stores these blobs, or they are arriving: a regional that misses them can GET them. */
const offer = closed({
  type: Type.Literal('offer'),
  blobs: Type.Array(hex(64), { minItems: 1, maxItems: MAX_HASHES }),
})

const FROM_REGIONAL = { hello, changes, follow, applied, watermark }
const FROM_GRAND = { welcome, refused, ack, entries, watermark, want, offer }

type Union<Schemas extends Record<string, TSchema>> = {
  [Name in keyof Schemas]: Static<Schemas[Name]>
}[keyof Schemas]
export type FromRegional = Union<typeof FROM_REGIONAL>
export type FromGrand = Union<typeof FROM_GRAND>
export type Message = FromRegional | FromGrand
export type MessageOf<Type extends Message['type']> = Extract<Message, { type: Type }>
export type Cursor = Static<typeof cursor>
export type RefusalCode = MessageOf<'refused'>['code']

/** A small blob in a frame. */
export interface Blob {
  sha256: string
  bytes: Buffer
}

/** A malformed frame: the peer is broken or hostile, and the session ends. */
export class ProtocolError extends Error {}

/** Encodes a message. @param blobs the blobs that its header lists, in order */
export function encodeFrame(message: Message, blobs: Blob[] = []): Buffer {
  const header = Buffer.from(JSON.stringify(message))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(header.length)
  return Buffer.concat([length, header, ...blobs.map(({ bytes }) => bytes)])
}

/** Lists blobs for a header. */
export function listBlobs(blobs: Blob[]): { sha256: string; size: number }[] {
  return blobs.map(({ sha256, bytes }) => ({ sha256, size: bytes.length }))
}

/** @throws ProtocolError */
export function decodeFromRegional(frame: Buffer): { message: FromRegional; blobs: Blob[] } {
  return decode(frame, regionalValidators) as { message: FromRegional; blobs: Blob[] }
}

/** @throws ProtocolError */
export function decodeFromGrand(frame: Buffer): { message: FromGrand; blobs: Blob[] } {
  return decode(frame, grandValidators) as { message: FromGrand; blobs: Blob[] }
}

/** Returns the exact text of a change that is hashed, stored and forwarded. */
export function encodeChange(change: Change): string {
  return JSON.stringify(change)
}

type Validator = { Check(value: unknown): boolean }

const regionalValidators = compile(FROM_REGIONAL)
const grandValidators = compile(FROM_GRAND)

function compile(schemas: Record<string, TSchema>): Map<string, Validator> {
  return new Map(Object.entries(schemas).map(([name, schema]) => [name, Compile(schema)]))
}

function decode(frame: Buffer, validators: Map<string, Validator>): { message: Message; blobs: Blob[] } {
  if (frame.length < 4) throw new ProtocolError('a frame has less than 4 bytes')
  const end = 4 + frame.readUInt32BE(0)
  if (end > frame.length) throw new ProtocolError('a header is longer than its frame')
  const message = parse(frame.toString('utf8', 4, end))
  const type = (message as { type?: unknown } | null)?.type
  const validator = typeof type === 'string' ? validators.get(type) : undefined
  if (validator === undefined || !validator.Check(message))
    throw new ProtocolError('a header is not a valid message')
  const listed = (message as { blobs?: unknown }).blobs
  const sizes = type === 'changes' || type === 'entries' ? (listed as { sha256: string; size: number }[]) : []
  return { message: message as Message, blobs: slice(frame, end, sizes) }
}

function slice(frame: Buffer, start: number, sizes: { sha256: string; size: number }[]): Blob[] {
  let offset = start
  const blobs = sizes.map(({ sha256, size }) => {
    const bytes = frame.subarray(offset, offset + size)
    offset += size
    return { sha256, bytes }
  })
  if (offset !== frame.length) throw new ProtocolError('a frame contains bytes that its header does not list')
  return blobs
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ProtocolError('a header is not JSON', { cause })
  }
}
