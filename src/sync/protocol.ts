/**
 * What regionals and the grand say to each other over the link, and how it is framed. Pure: no socket, no clock.
 *
 * One WebSocket message is one frame: 4 bytes with the length of the header (big endian), the header (JSON, one of
 * the messages below), then the bytes of the blobs that the header lists, one after the other. Small blobs ride with
 * the changes that name them; larger ones go over HTTPS (see blob-paths below).
 *
 * A link: the regional says `hello`, the grand answers `welcome` or `refused`. Then the regional sends `changes` and
 * the grand acknowledges them after its commit; the grand sends `entries` of its log, a few batches ahead of the
 * regional's `applied`, so that a slow regional is never sent more than it can take.
 */
import Type, { type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Change } from '../model/change.js'

/** Versions of this protocol that this program speaks, best first. */
export const PROTOCOLS = [1] as const

/** Path of the WebSocket on the grand. */
export const LINK_PATH = '/link'

/** Path of one blob on the grand: PUT, GET (with Range) and HEAD. */
export function blobPath(sha256: string): string {
  return `/blobs/${sha256}`
}

/**
 * Headers of the transfer of a blob. HEAD tells in `upload-offset` how many of its bytes the grand has; a PUT brings
 * those from `upload-offset` on to the end, of `upload-length` in all. It is answered 201 when the whole blob is
 * verified and durable, 409 while somebody else brings it or when the offset is not the next byte, 422 when the bytes
 * are not those of the hash (what came is gone then), 404 when no file names the blob, and 507 when the disk is full.
 */
export const UPLOAD_OFFSET = 'upload-offset'
export const UPLOAD_LENGTH = 'upload-length'

/** Largest frame, bytes: the most that a batch may hold, and room for its header. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024

/** Limits of one batch of changes, and of one page of the log. */
export const MAX_BATCH_CHANGES = 512
export const MAX_PAGE_ENTRIES = 2048
/** Hashes of blobs in one message. */
export const MAX_HASHES = 500
const MAX_BATCH_BYTES = 4 * 1024 * 1024

/**
 * Bytes of changes and blobs that are sent together: not too long a wait for whoever needs the loop meanwhile. Escaped as
 * JSON they can at most double, so they keep within MAX_FRAME_BYTES.
 */
export const BATCH_BYTES = 1024 * 1024

/** Batches that may be under way in each direction before the first of them is acknowledged. */
export const WINDOW = 4

/** How far ahead of the grand's clock a stamp may be, milliseconds; as far as the newest one in its log it may be too. */
export const MAX_CLOCK_AHEAD_MS = 60_000

/** Both sides ping when they have heard nothing for so long; after twice the time without a sign the link is dead. */
export const HEARTBEAT_MS = 3000

const server = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' })
const hex = (digits: number) => Type.String({ pattern: `^[0-9a-f]{${digits}}$` })
const position = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const closed = <const P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false })
/** Of the handshake: a newer peer may say more. */
const open = <const P extends Record<string, TSchema>>(properties: P) => Type.Object(properties)

/** Place in a log: the log's incarnation, the last entry's number, and the chain's hash at it. */
const cursor = closed({ log_id: hex(32), gseq: position, ghash: hex(64) })
const blob = closed({ sha256: hex(64), size: Type.Integer({ minimum: 0, maximum: MAX_BATCH_BYTES }) })
const blobs = (maxItems: number) => Type.Array(blob, { maxItems })
/** A change as it is hashed and kept: its exact JSON text. Checked apart (model/change-reader.ts). */
const changeText = Type.String({ maxLength: 64 * 1024 })

/** The highest version of changes that a side understands; it passes on every version. */
const changeVersion = Type.Integer({ minimum: 1 })

/** First word of the regional. `head`: newest own `oseq` of `epoch`, 0 for none. `time`: its clock, ms since 1970. */
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
 * The grand's answer. `seen`: the last change of the hello's epoch in the log, null for none. `cursor_known`: whether
 * the hello's cursor is a place in this log; if not, the regional has to start from 0 and republish what the log lacks.
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

/** Changes of the regional, contiguous in `oseq`, with the small blobs that they name. */
const changes = closed({
  type: Type.Literal('changes'),
  changes: Type.Array(changeText, { minItems: 1, maxItems: MAX_BATCH_CHANGES }),
  blobs: blobs(MAX_BATCH_CHANGES),
})

/** Every change up to `oseq` is in the log, durably. */
const ack = closed({ type: Type.Literal('ack'), oseq: position })

/**
 * The grand will not take something. `code` `future-stamp`: the change `oseq` and those behind it bear stamps ahead of
 * the grand's clock (`time`), everything before it was acknowledged; the regional stamps anew and comes back.
 * With every other code the grand ends the link. `replaced`: another connection came under the same name, so there are
 * two servers that bear it.
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

/** Entries of the log, contiguous in `gseq`, with small blobs of those that are not the regional's own. */
const entries = closed({
  type: Type.Literal('entries'),
  entries: Type.Array(closed({ gseq: position, ghash: hex(64), change: changeText }), {
    minItems: 1,
    maxItems: MAX_PAGE_ENTRIES,
  }),
  head: position,
  blobs: blobs(MAX_PAGE_ENTRIES),
})

/** The regional says from where the grand shall read to it: after `gseq`. Sent once, after the welcome. */
const follow = closed({ type: Type.Literal('follow'), after: position })

/** The regional has durably applied all entries up to `gseq`. It opens the window again. */
const applied = closed({ type: Type.Literal('applied'), gseq: position })

/** A server has the bytes of every file up to `gseq`. A regional tells its own; the grand tells everybody's. */
const watermark = closed({ type: Type.Literal('watermark'), server, gseq: position })

/** The grand lacks these blobs and asks the regional to PUT those that it has. */
const want = closed({
  type: Type.Literal('want'),
  blobs: Type.Array(hex(64), { minItems: 1, maxItems: MAX_HASHES }),
})

/** The grand has these blobs, or they are arriving: whoever lacks them can GET them now. */
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

/** Small bytes beside a message. */
export interface Blob {
  sha256: string
  bytes: Buffer
}

/** A frame that is not one: the peer is broken or hostile, and the link ends. */
export class ProtocolError extends Error {}

/** Encodes a message; `blobs` have to be those that its header lists, in order. */
export function encodeFrame(message: Message, blobs: Blob[] = []): Buffer {
  const header = Buffer.from(JSON.stringify(message))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(header.length)
  return Buffer.concat([length, header, ...blobs.map(({ bytes }) => bytes)])
}

/** What a header says of the blobs behind it. */
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

/** The exact text of a change that is hashed, kept and passed on. */
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
  if (frame.length < 4) throw new ProtocolError('a frame of less than 4 bytes')
  const end = 4 + frame.readUInt32BE(0)
  if (end > frame.length) throw new ProtocolError('a header longer than its frame')
  const message = parse(frame.toString('utf8', 4, end))
  const type = (message as { type?: unknown } | null)?.type
  const validator = typeof type === 'string' ? validators.get(type) : undefined
  if (validator === undefined || !validator.Check(message))
    throw new ProtocolError('a header that is no message')
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
  if (offset !== frame.length) throw new ProtocolError('bytes that the header does not list')
  return blobs
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ProtocolError('a header that is no JSON', { cause })
  }
}
