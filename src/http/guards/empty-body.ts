import type { IncomingMessage } from 'node:http'
import { awaitsContinue } from './continue.js'

/** Whether the announced body may turn out empty: some proxies send even an empty body with chunked encoding. */
export function mayBeEmpty(raw: IncomingMessage): boolean {
  return raw.headers['transfer-encoding'] !== undefined && !awaitsContinue(raw)
}

/**
 * Waits for the first byte or the end of a body. Removes the body's headers if it is empty, since an empty body is none
 * (RFC 9112 section 6.3).
 */
export function awaitFirstByte(raw: IncomingMessage, done: (isEmpty: boolean, error?: Error) => void): void {
  const settle = (isEmpty: boolean, error?: Error) => {
    raw.off('data', onData).off('end', onEnd).off('error', onError).pause()
    if (isEmpty) for (const name of ['transfer-encoding', 'content-type']) delete raw.headers[name]
    done(isEmpty, error)
  }
  const onData = () => settle(false)
  const onEnd = () => settle(true)
  const onError = (error: Error) => settle(false, error)
  raw.on('data', onData).on('end', onEnd).on('error', onError)
}
