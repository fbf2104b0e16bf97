import { type DestinationStream, type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino'
import { LogDestination } from './log-destination.js'

/** Fields that never reach the log, at the top of an entry or up to three levels down. */
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

export interface LoggerOptions {
  level: string
  /** The server's name, on every line. */
  server: string
  stream: DestinationStream | LogDestination
}

/** Creates a server's structured log: JSON lines with `time` (RFC 3339), `level`, `server` and `msg`. */
export function createLogger({ level, server, stream }: LoggerOptions): Logger {
  const logger = pino(
    {
      level,
      base: { server },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (entry) => redact(entry) },
      serializers: { err: (error) => redact(stdSerializers.err(error)) },
      // Covers the bindings of child loggers, which the formatter does not see. Wildcards for deeper levels would take
      // 24 µs a line; the walk over the entry takes a hundredth of it.
      redact: { paths: [...SECRET_FIELDS].map((field) => `["${field}"]`), censor: REDACTED },
    },
    stream,
  )
  if (stream instanceof LogDestination)
    stream.onLost = (count) => logger.warn({ count }, 'log lines were dropped')
  return logger
}

/** Time for the last lines when a server exits. */
const FLUSH_TIMEOUT_MS = 1000

/**
 * The log of a server process, on standard error: standard output has only the line with the server's URL. Dispose of it
 * last.
 */
export function openLog(options: Omit<LoggerOptions, 'stream'>): AsyncDisposable & { logger: Logger } {
  const stream = new LogDestination()
  return {
    logger: createLogger({ ...options, stream }),
    [Symbol.asyncDispose]: () => stream.flush(FLUSH_TIMEOUT_MS),
  }
}

/** @returns `value` itself if it has no secret, else a redacted copy; it never changes `value` */
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

/** Errors have a serializer of their own. */
function isNested(value: unknown, depth: number): value is object {
  return typeof value === 'object' && value !== null && depth < MAX_DEPTH && !(value instanceof Error)
}
