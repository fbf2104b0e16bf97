/** Bounds on what a client can make large or slow. */
export interface Limits {
  /** A JSON body. */
  jsonBodyBytes: number
  /** Within this a whole JSON body has to arrive. */
  jsonBodyMs: number
  /**
   * A streamed body may take any time, but not come slower than this, on average over each window; nor may a client take
   * a chunk of a response slower, with a window's time to spare.
   */
  streamBytesPerSecond: number
  streamWindowMs: number
  /** Request line and headers. */
  headerBytes: number
  /** Fields; Node would pass over those beyond 2,000 without a word. */
  headerFields: number
  headersMs: number
  /** Without a byte in either direction; event streams keep themselves alive. */
  idleMs: number
  /** Between two requests of one connection; longer than proxies keep theirs, or they meet a closing one. */
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
 * Bounds on a form. The size of the file is the handler's to bound, since it depends on configuration and quota; so is
 * the number of each field, which the contract names.
 */
export const FORM_LIMITS = {
  parts: 11,
  /** Of one part. */
  headers: 20,
  headerBytes: 16 * 1024,
  fieldBytes: 8 * 1024,
  /** After the last part. */
  epilogueBytes: 64 * 1024,
}
