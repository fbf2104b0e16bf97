import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import type { Logger } from 'pino'
import { WebSocketServer } from 'ws'
import type { PeerTls } from '../../certs/peer-tls.js'
import { reasonOf } from '../../lib/storage-fault.js'
import { LINK_PATH, MAX_FRAME_BYTES } from '../protocol.js'
import type { Hub } from './hub.js'
import type { Peers } from './peers.js'
import { RefusedError, sendRefusal, unavailable } from './responses.js'
import type { GrandSession } from './session.js'
import { openChannel } from './websocket-channel.js'

const HANDSHAKE_MS = 10_000
const HEADERS_MS = 10_000
const HELLO_MS = 10_000
const KEEP_ALIVE_MS = 75_000
/** Timeout of a request without progress. */
const IDLE_MS = 60_000
const MAX_HEADER_BYTES = 8 * 1024
const MAX_CONNECTIONS = 2048

/** Handles one request. @param peer the server name in the client's certificate */
export type Route = (request: IncomingMessage, response: ServerResponse, peer: string) => void | Promise<void>

export interface GrandServerDeps {
  tls: PeerTls
  hub: Hub
  peers: Peers
  route: Route
  logger: Logger
}

/** The grand's port: TLS 1.3 with certificates on both sides, WebSocket sessions and HTTPS requests. */
export class GrandServer {
  readonly #deps: GrandServerDeps
  readonly #server: Server
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    skipUTF8Validation: true,
  })
  readonly #sessions = new Map<Socket, GrandSession>()

  constructor(deps: GrandServerDeps) {
    this.#deps = deps
    this.#server = createServer({
      ...contextOf(deps.tls),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: HANDSHAKE_MS,
      headersTimeout: HEADERS_MS,
      // A blob may take any time while it makes progress.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: 2000,
    })
    this.#server.maxConnections = MAX_CONNECTIONS
    this.#server.timeout = IDLE_MS
    deps.peers.guard(this.#server)
    this.#server.on('request', (request, response) => void this.#respond(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#server.on('clientError', (_error, socket) => socket.destroy())
  }

  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, backlog: 512 }, resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  /** Uses other certificates for new connections; open connections continue. */
  useTls(tls: PeerTls): void {
    this.#server.setSecureContext(contextOf(tls))
  }

  /** Ends a connection whose certificate is not valid any more; a session on it is refused with `revoked`. */
  revoke(socket: Socket): void {
    const session = this.#sessions.get(socket)
    if (session === undefined) socket.destroy()
    else session.refuse({ code: 'revoked', reason: 'the certificate is not valid any more', oseq: null })
  }

  /** Accepts no more connections, and closes idle ones. */
  stopListening(): void {
    this.#server.close()
    this.#server.closeIdleConnections()
  }

  /** Closes all connections, and resolves when they are closed. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sessions.keys()) socket.destroy()
    this.#server.closeAllConnections()
    await closed
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { peers, route, logger } = this.#deps
    const peer = peers.nameOf(request.socket)
    if (peer === undefined) return void request.socket.destroy()
    response.on('error', () => undefined)
    try {
      await route(request, response, peer)
    } catch (error) {
      if (response.headersSent || response.destroyed) return void request.socket.destroy()
      if (error instanceof RefusedError) return sendRefusal(response, error)
      // A client that disconnected is no failure of the server.
      if (request.socket.destroyed) return
      logger.error({ err: error, regional: peer, url: request.url }, 'a request failed')
      const reason = reasonOf(error)
      sendRefusal(
        response,
        reason === undefined ? new RefusedError(500, 'internal', 'the grand failed') : unavailable(reason),
      )
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { peers, hub } = this.#deps
    const carrier = request.socket
    const server = peers.nameOf(carrier)
    socket.on('error', () => socket.destroy())
    if (server === undefined || request.url !== LINK_PATH) {
      return void socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    }
    carrier.setTimeout(0)
    carrier.setNoDelay(true)
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const channel = openChannel(webSocket, carrier, {
        onFrame: (frame) => session.receive(frame),
        onClose: (reason) => {
          clearTimeout(helloTimeout)
          this.#sessions.delete(carrier)
          hub.disconnected(session, reason)
        },
      })
      const session = hub.connect(server, channel)
      this.#sessions.set(carrier, session)
      const helloTimeout = setTimeout(() => {
        if (!session.saidHello) session.close('no hello in time')
      }, HELLO_MS)
    })
  }
}

function contextOf(tls: PeerTls): SecureContextOptions {
  return { ...tls, minVersion: 'TLSv1.3' }
}
