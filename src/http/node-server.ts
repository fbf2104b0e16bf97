import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { deferContinue } from './guards/continue.js'
import type { Limits } from './limits.js'
import { sendClientError } from './responses/client-error.js'

export interface Tls {
  cert: string | Buffer
  key: string | Buffer
}

/** Interval at which Node checks for connections whose headers are late. */
const LATE_HEADERS_CHECK_MS = 2_000

/**
 * Only AEAD ciphers with forward secrecy (RFC 9325 section 4.2). Node's default list allows others in TLS 1.2.
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

/** Creates the Node server below Fastify, with the limits on connections and headers that only Node can enforce. */
export function nodeServer(
  handler: RequestListener,
  tls: Tls | undefined,
  limits: Limits,
  baseHeaders: Record<string, string>,
): Server {
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    // Uploads may take any time. The slow-body guard ends stalled ones.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(LATE_HEADERS_CHECK_MS, limits.headersMs),
    keepAliveTimeout: limits.keepAliveMs,
    // The request guards refuse a missing Host with a problem document.
    requireHostHeader: false,
    noDelay: true,
  }
  const server = tls
    ? createSecureServer({ ...options, ...secureContextOf(tls), handshakeTimeout: limits.headersMs }, handler)
    : createServer(options, handler)
  server.maxConnections = limits.connections
  server.setTimeout(limits.idleMs)
  deferContinue(server)
  server.on('clientError', (error, socket) => sendClientError(error, socket as Socket, baseHeaders))
  // By default Node closes the connection of a CONNECT request without a response.
  server.on('connect', (_request, socket) =>
    sendClientError(new Error('CONNECT is not served'), socket as Socket, baseHeaders),
  )
  return server
}

/** Uses another certificate for new connections. Open connections are not affected. */
export function useTls(server: Server, tls: Tls): void {
  const secure = server as SecureServer
  secure.setSecureContext(secureContextOf(tls))
}

function secureContextOf({ cert, key }: Tls): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2', ciphers: CIPHERS }
}
