import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { holdContinue } from './guards/continue.js'
import type { Limits } from './limits.js'
import { sendClientError } from './responses/client-error.js'

export interface Tls {
  cert: string | Buffer
  key: string | Buffer
}

/** How often Node looks for connections whose headers are late. */
const LATE_HEADERS_CHECK_MS = 2_000

/**
 * Authenticated encryption under keys that nobody has afterwards, and nothing else (RFC 9325 section 4.2); Node's own
 * list has more for TLS 1.2.
 */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** The bare server under fastify, with the bounds on connections and headers that only Node can keep. */
export function nodeServer(
  handler: RequestListener,
  tls: Tls | undefined,
  limits: Limits,
  baseHeaders: Record<string, string>,
): Server {
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    // Uploads take as long as they take; the slow-body guard ends those that do not go on.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(LATE_HEADERS_CHECK_MS, limits.headersMs),
    keepAliveTimeout: limits.keepAliveMs,
    // The request guards refuse its absence by a problem.
    requireHostHeader: false,
    noDelay: true,
  }
  const server = tls
    ? createSecureServer({ ...options, ...contextOf(tls), handshakeTimeout: limits.headersMs }, handler)
    : createServer(options, handler)
  server.maxConnections = limits.connections
  server.setTimeout(limits.idleMs)
  holdContinue(server)
  server.on('clientError', (error, socket) => sendClientError(error, socket as Socket, baseHeaders))
  // Node drops a connection that says CONNECT without a word.
  server.on('connect', (_request, socket) =>
    sendClientError(new Error('CONNECT is not served'), socket as Socket, baseHeaders),
  )
  return server
}

/** Serves connections that come under another certificate; those that stand go on. */
export function useTls(server: Server, tls: Tls): void {
  const secure = server as SecureServer
  secure.setSecureContext(contextOf(tls))
}

function contextOf({ cert, key }: Tls): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2', ciphers: CIPHERS }
}
