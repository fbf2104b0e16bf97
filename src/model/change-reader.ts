/** Validates and reads changes that other servers made. */
import Type, { type TObject, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { type BlobRef, CHANGE_VERSION, type Change, declaredBlob, type Fact } from './change.js'
import { CHANGES, type ChangeShape, type ChangeType } from './change-types.js'
import { declarationOf, id, sha256, sizeBytes, stamp } from './tables.js'

const fieldName = Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' })

const envelope = Type.Object({
  v: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  id,
  origin: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
  epoch: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  oseq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  stamp,
  logged_at: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  stamps: Type.Optional(Type.Record(fieldName, stamp, { additionalProperties: false })),
  type: Type.String({ pattern: '^[a-z][a-z_]{0,31}\\.[a-z][a-z_]{0,31}$' }),
  key: Type.String({ minLength: 1, maxLength: 80, pattern: '^[0-9a-f-]+(:[0-9a-f-]+)?$' }),
  fields: Type.Record(fieldName, Type.Unknown(), { additionalProperties: false }),
  blob: Type.Optional(Type.Object({ sha256: fieldName, size: fieldName })),
})
const envelopes = Compile(envelope)
const KNOWN_MEMBERS = new Set(Object.keys(envelope.properties))
const blobRefs = Compile(Type.Object({ sha256, size: sizeBytes }))

/** Recursive functions, such as JSON.stringify, overflow the stack on thousands of levels. */
const MAX_DEPTH = 32

/**
 * Checks the envelope of an untrusted change: all that a server needs to relay it and to store the blob it references. The
 * caller checks the size of the encoded form. Returns the first fault in one line, or undefined.
 */
export function faultOfEnvelope(value: unknown): string | undefined {
  if (!envelopes.Check(value)) return faultOf(envelopes.Errors(value))
  if (isDeeperThan(MAX_DEPTH, value)) return `/ has more than ${MAX_DEPTH} levels`
  const { fields, blob } = value as Change
  if (blob === undefined) return undefined
  const reference: Partial<BlobRef> = {
    sha256: fields[blob.sha256] as string,
    size: fields[blob.size] as number,
  }
  return blobRefs.Check(reference) ? undefined : `/blob ${faultOf(blobRefs.Errors(reference))}`
}

/** Whether objects and arrays are nested in more than `levels` levels. Looks no deeper than that. */
function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner))
}

/** A change as far as this program understands it. */
export type ReadChange =
  /** Not a change, or a field has an invalid value: no server can apply it. */
  | { fault: string }
  /** `understood`: the change reduced to known members and fields; undefined if nothing can be applied. */
  | { understood: Change | undefined; isComplete: boolean }

/** Reduces a change to the members and fields that this program understands. */
export function readChange(value: unknown): ReadChange {
  const fault = faultOfEnvelope(value)
  if (fault !== undefined) return { fault }
  const change = value as Change
  const reader = readers.get(change.type)
  if (reader === undefined || change.v > CHANGE_VERSION) return { understood: undefined, isComplete: false }
  const understood = reader.pickKnown(change)
  const isComplete = understood === change
  const invalid = reader.faultOf(understood)
  if (invalid === undefined) return { understood, isComplete }
  return isComplete ? { fault: invalid } : { understood: undefined, isComplete }
}

/** The first fault of a change that this program must understand completely, or undefined. */
export function faultOfChange(value: unknown): string | undefined {
  const read = readChange(value)
  if ('fault' in read) return read.fault
  return read.isComplete ? undefined : 'unknown type or field'
}

class TypeReader {
  readonly #shape: ChangeShape
  readonly #fields: Set<string>
  readonly #stamps: Set<string>
  readonly #validator: ReturnType<typeof Compile>

  constructor(shape: ChangeShape) {
    const { fields } = declarationOf(shape.table)
    this.#shape = shape
    this.#fields = new Set([...shape.required, ...shape.optional])
    this.#stamps = new Set(
      shape.isSnapshot ? Object.keys(fields).filter((name) => fields[name]?.rule === 'latest') : [],
    )
    this.#validator = Compile(schemaOf(shape, [...this.#stamps]))
  }

  /** Drops unknown members, fields and stamps. Returns the same object if there are none. */
  pickKnown(change: Change): Change {
    const fields = pick(change.fields, this.#fields)
    const stamps = change.stamps && pick(change.stamps, this.#stamps)
    const members = pick<unknown>({ ...change }, KNOWN_MEMBERS) as unknown as Change
    const hasAllMembers = Object.keys(members).length === Object.keys(change).length
    if (fields === change.fields && stamps === change.stamps && hasAllMembers) return change
    return { ...members, fields, ...(stamps && { stamps }) }
  }

  faultOf(change: Change): string | undefined {
    if (!this.#validator.Check(change)) return faultOf(this.#validator.Errors(change))
    return faultOfBlob(change) ?? this.#faultOfTexts(change)
  }

  #faultOfTexts({ fields }: Fact): string | undefined {
    const declared = declarationOf(this.#shape.table).fields
    for (const [name, value] of Object.entries(fields)) {
      // Erased fields of a deleted row are empty.
      const fault = fields['deleted'] && value === '' ? undefined : declared[name]?.faultOf?.(String(value))
      if (fault !== undefined) return `/fields/${name} ${fault}`
    }
    return undefined
  }
}

/** `blob` must name exactly the fields that the table declares. */
function faultOfBlob(change: Change): string | undefined {
  const expected = declaredBlob(change)
  const { blob } = change
  const isExpected = expected?.sha256 === blob?.sha256 && expected?.size === blob?.size
  return isExpected ? undefined : '/blob is not as declared'
}

function schemaOf({ table, required, optional, isSnapshot }: ChangeShape, stamped: string[]): TObject {
  const { fields } = declarationOf(table)
  const schema = (name: string) => fields[name]?.schema as TSchema
  return Type.Object({
    fields: Type.Object({
      ...Object.fromEntries(required.map((name) => [name, schema(name)])),
      ...Object.fromEntries(optional.map((name) => [name, Type.Optional(schema(name))])),
    }),
    ...(isSnapshot && {
      stamps: Type.Partial(Type.Object(Object.fromEntries(stamped.map((name) => [name, stamp])))),
    }),
  })
}

const readers = new Map(
  Object.entries(CHANGES).map(([type, shape]): [string, TypeReader] => [
    type as ChangeType,
    new TypeReader(shape),
  ]),
)

/** Keeps only the given names. Returns the same object if it has no others. */
function pick<T>(record: Record<string, T>, names: Set<string>): Record<string, T> {
  const entries = Object.entries(record)
  const known = entries.filter(([name]) => names.has(name))
  return known.length === entries.length ? record : Object.fromEntries(known)
}

function faultOf(errors: { instancePath: string; message: string }[]): string {
  const [first] = errors
  return first === undefined ? 'not a change' : `${first.instancePath || '/'} ${first.message}`
}
