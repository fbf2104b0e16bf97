/**
 * Who is connected. Before a byte of a request is read, a connection has to show a certificate of our authority that
 * names a server, is not on the deny list, and does not bring more connections than one server needs. Connections that
 * have not shown theirs yet are few: when there are too many, the oldest goes, so that a flood of handshakes that never
 * end keeps nobody out.
 */
import type { X509Certificate } from 'node:crypto'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Logger } from 'pino'
import { isServerName } from '../../lib/server-name.js'
import type { DenyListFile } from './deny-list-file.js'
import type { GrandMetrics } from './metrics.js'

const MAX_HANDSHAKES = 128
const MAX_CONNECTIONS_EACH = 64

interface Peer {
  server: string
  certificate: X509Certificate
}

export interface PeersDeps {
  denyList: DenyListFile
  now: () => number
  logger: Logger
  metrics: GrandMetrics
}

export class Peers {
  readonly #deps: PeersDeps
  /** Connections in their handshake, oldest first, by the address they come from. */
  readonly #handshakes = new Map<string, Socket>()
  readonly #peers = new Map<Socket, Peer>()

  constructor(options: PeersDeps) {
    this.#deps = options
  }

  /** Checks every connection of a server, ahead of its own handling. */
  guard(server: Server): void {
    server.prependListener('connection', (socket: Socket) => this.#begin(socket))
    server.prependListener('secureConnection', (socket: TLSSocket) => this.#admit(socket))
    server.on('tlsClientError', (error, socket) => {
      this.#deps.metrics.connectionRefused('handshake')
      this.#deps.logger.info({ address: socket.remoteAddress, reason: error.message }, 'handshake failed')
      socket.destroy()
    })
  }

  /** The name of the server at the other end, while the connection is in good standing. */
  nameOf(socket: Socket): string | undefined {
    return socket.destroyed ? undefined : this.#peers.get(socket)?.server
  }

  /** Ends the connections of those whose certificate is denied or has expired by now. */
  review(onRevoked: (socket: Socket) => void): void {
    for (const [socket, peer] of this.#peers) {
      if (this.#isValid(peer.certificate)) continue
      this.#deps.logger.warn({ regional: peer.server }, 'its certificate is not valid any more: cut off')
      this.#peers.delete(socket)
      onRevoked(socket)
    }
  }

  #begin(socket: Socket): void {
    const key = addressOf(socket)
    this.#handshakes.set(key, socket)
    socket.once('close', () => this.#handshakes.delete(key))
    if (this.#handshakes.size <= MAX_HANDSHAKES) return
    for (const oldest of this.#handshakes.values()) {
      this.#deps.metrics.connectionRefused('limit')
      oldest.destroy()
      break
    }
  }

  #admit(socket: TLSSocket): void {
    this.#handshakes.delete(addressOf(socket))
    const { denyList, logger, metrics } = this.#deps
    denyList.refresh()
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined
    const server = certificate === undefined ? undefined : serverNameOf(certificate)
    const peer = certificate === undefined || server === undefined ? undefined : { server, certificate }
    const reason = peer === undefined ? 'name' : this.#refusalReason(peer)
    if (peer !== undefined && reason === undefined) {
      this.#peers.set(socket, peer)
      socket.once('close', () => this.#peers.delete(socket))
      return
    }
    metrics.connectionRefused(reason ?? 'name')
    logger.warn({ regional: server, address: socket.remoteAddress, reason }, 'connection refused')
    socket.destroy()
  }

  #refusalReason({ server, certificate }: Peer): 'revoked' | 'limit' | undefined {
    if (!this.#isValid(certificate)) return 'revoked'
    const others = [...this.#peers.values()].filter((peer) => peer.server === server).length
    return others >= MAX_CONNECTIONS_EACH ? 'limit' : undefined
  }

  #isValid(certificate: X509Certificate): boolean {
    const { denyList, now } = this.#deps
    return !denyList.denies(certificate) && Date.parse(certificate.validTo) >= now()
  }
}

/**
 * The server that a certificate names: the first DNS name among its subject alternative names. Its common name does not
 * count (RFC 9525, section 2).
 */
export function serverNameOf({
  subjectAltName,
}: Pick<X509Certificate, 'subjectAltName'>): string | undefined {
  // Node quotes a name that holds a separator: such a certificate tries to name what it does not.
  if (subjectAltName === undefined || subjectAltName.includes('"')) return undefined
  const name = subjectAltName
    .split(', ')
    .find((entry) => entry.startsWith('DNS:'))
    ?.slice(4)
  return name !== undefined && isServerName(name) ? name : undefined
}

function addressOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}
