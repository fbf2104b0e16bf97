import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** Requests whose clients wait for `100 Continue` before they send the body. */
const awaitingContinue = new WeakMap<IncomingMessage, ServerResponse>()

/**
 * Defers `100 Continue` (RFC 9110 section 10.1.1) until the guards accept the body, so that a client learns of a refusal
 * before it sends 10 GB. By default Node sends it at once.
 */
export function deferContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    awaitingContinue.set(request, response)
    server.emit('request', request, response)
  })
  // Ignores other expectations, as RFC 9110 allows. Node would send 417 without a body.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response)
  })
}

/** Sends `100 Continue` if the client waits for it and has no response yet. */
export function sendContinue(request: IncomingMessage): void {
  const response = awaitingContinue.get(request)
  if (!response) return
  awaitingContinue.delete(request)
  if (!response.headersSent) response.writeContinue()
}

/** Whether the client still waits for `100 Continue`. */
export function awaitsContinue(request: IncomingMessage): boolean {
  return awaitingContinue.has(request)
}
