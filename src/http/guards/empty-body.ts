import type { IncomingMessage } from 'node:http'
import { awaitsContinue } from './continue.js'

/** Whether a body is announced of which nobody knows yet whether it has a byte: proxies send none in chunks too. */
export function mayBeEmpty(raw: IncomingMessage): boolean {
  return raw.headers['transfer-encoding'] !== undefined && !awaitsContinue(raw)
}

/**
 * Waits for the first byte of a body or for its end. One that is empty is none (RFC 9112 section 6.3), and its headers
 * are taken away; `done` is told whether that is so, or of what the request failed with.
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
