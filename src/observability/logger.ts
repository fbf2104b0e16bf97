import {
  type DestinationStream,
  destination,
  type Logger,
  pino,
  stdSerializers,
  stdTimeFunctions,
} from 'pino'

/** Values under these names never reach the log, at the top of an entry or up to three levels down. */
const SECRET_FIELDS = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'current_password',
  'new_password',
  'password_hash',
  'secret',
  'secret_sha256',
  'token',
  'OPERATOR_TOKEN',
  'SYNCSPHERE_OPERATOR_TOKEN',
])
const REDACTED = '[redacted]'
const MAX_DEPTH = 3

/** Lines kept in memory while whoever reads the log stands still; beyond it lines are lost and requests are not. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024

export interface LoggerOptions {
  level: string
  /** The server's name, on every line. */
  server: string
  /** Where lines go; by default standard error, so that standard output holds the one line that tells where it serves. */
  stream?: DestinationStream
}

/** Makes the structured log of one server: a JSON object a line, with `time` (RFC 3339), `level`, `server` and `msg`. */
export function createLogger({ level, server, stream }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { server },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (entry) => redact(entry) },
      serializers: { err: (error) => redact(stdSerializers.err(error)) },
      // Reaches the bindings of child loggers, which the formatter does not see. Its wildcards would reach further down,
      // at 24 µs a line; the walk over the entry takes a hundredth of it.
      redact: { paths: [...SECRET_FIELDS].map((field) => `["${field}"]`), censor: REDACTED },
    },
    // Written asynchronously: a log reader that stalls must not stall the requests.
    stream ?? destination({ fd: 2, sync: false, maxLength: MAX_BUFFERED_BYTES }),
  )
}

/** Gives back `value` itself where it holds no secret, and otherwise a copy without; what is logged is never changed. */
function redact<T extends object>(value: T, depth = 0): T {
  let copy: Record<string, unknown> | undefined
  for (const [name, member] of Object.entries(value)) {
    const clean = SECRET_FIELDS.has(name)
      ? REDACTED
      : isNested(member, depth)
        ? redact(member, depth + 1)
        : member
    if (clean === member) continue
    copy = { ...(copy ?? value), [name]: clean }
  }
  return (copy as T | undefined) ?? value
}

/** Errors are left to their serializer. */
function isNested(value: unknown, depth: number): value is object {
  return typeof value === 'object' && value !== null && depth < MAX_DEPTH && !(value instanceof Error)
}
