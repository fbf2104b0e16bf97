/** Bounds on what a client can make large or slow. */
export interface Limits {
  jsonBodyBytes: number
  /** Time for a whole JSON body to arrive. */
  jsonBodyMs: number
  /**
   * Lowest average rate of a streamed body over each window. The same rate, plus one window of grace, bounds how long a
   * client may take to receive a chunk of a response.
   */
  streamBytesPerSecond: number
  streamWindowMs: number
  /** Request line and headers together. */
  headerBytes: number
  /** Header fields. Node silently drops those beyond 2,000. */
  headerFields: number
  headersMs: number
  /** Time without a byte in either direction. Heartbeats keep event streams below it. */
  idleMs: number
  /** Idle time between two requests of one connection. Longer than common proxies' own, so that they close first. */
  keepAliveMs: number
  connections: number
}

export const DEFAULT_LIMITS: Limits = {
  jsonBodyBytes: 64 * 1024,
  jsonBodyMs: 15_000,
  streamBytesPerSecond: 1024,
  streamWindowMs: 30_000,
  headerBytes: 16 * 1024,
  headerFields: 200,
  headersMs: 15_000,
  idleMs: 60_000,
  keepAliveMs: 65_000,
  connections: 20_000,
}

/**
 * Bounds on a form. The handler bounds the file's size, which depends on configuration and quota, and the number of each
 * field, which the contract declares.
 */
export const FORM_LIMITS = {
  parts: 11,
  /** Header fields of one part. */
  headers: 20,
  headerBytes: 16 * 1024,
  fieldBytes: 8 * 1024,
  /** Bytes after the last part. */
  epilogueBytes: 64 * 1024,
}
