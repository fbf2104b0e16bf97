import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** Requests whose client waits for `100 Continue` before it sends the body. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>()

/**
 * Leaves it to the request's own course whether its body is wanted (RFC 9110 section 10.1.1), so that a client learns of
 * a refusal before it sends 10 GB. Without this, Node asks for every body at once.
 */
export function holdContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response)
    server.emit('request', request, response)
  })
  // Other expectations are ignored, which RFC 9110 allows; Node would send 417 with no body.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response)
  })
}

/** Asks the client to send the body, if it waits to be asked and has no response yet. */
export function sendContinue(request: IncomingMessage): void {
  const response = waiting.get(request)
  if (!response) return
  waiting.delete(request)
  if (!response.headersSent) response.writeContinue()
}

/** Whether the client still waits to be asked for its body. */
export function awaitsContinue(request: IncomingMessage): boolean {
  return waiting.has(request)
}
