/**
 * Admits connections before any byte of a request is read. A client needs a certificate of the sphere's authority that names
 * a server and is not denied, and each server may open a limited number of connections. Unfinished TLS handshakes are
 * limited too: beyond the limit the oldest is dropped, so that a flood of them shuts nobody out.
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
const MAX_CONNECTIONS_PER_SERVER = 64

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
  /** Connections in their TLS handshake by remote address and port, oldest first. */
  readonly #handshakes = new Map<string, Socket>()
  readonly #peers = new Map<Socket, Peer>()

  constructor(deps: PeersDeps) {
    this.#deps = deps
  }

  /** Installs the checks on a server, ahead of its own listeners. */
  guard(server: Server): void {
    server.prependListener('connection', (socket: Socket) => this.#trackHandshake(socket))
    server.prependListener('secureConnection', (socket: TLSSocket) => this.#admit(socket))
    server.on('tlsClientError', (error, socket) => {
      this.#deps.metrics.connectionRefused('handshake')
      this.#deps.logger.info({ address: socket.remoteAddress, reason: error.message }, 'handshake failed')
      socket.destroy()
    })
  }

  /** Returns the server name in the certificate of an admitted connection; undefined for any other. */
  nameOf(socket: Socket): string | undefined {
    return socket.destroyed ? undefined : this.#peers.get(socket)?.server
  }

  /** Removes every connection whose certificate has been denied or has expired, and passes it to `onRevoked`. */
  dropInvalid(onRevoked: (socket: Socket) => void): void {
    for (const [socket, peer] of this.#peers) {
      if (this.#isValid(peer.certificate)) continue
      this.#deps.logger.warn(
        { regional: peer.server },
        'connection closed: its certificate is not valid any more',
      )
      this.#peers.delete(socket)
      onRevoked(socket)
    }
  }

  #trackHandshake(socket: Socket): void {
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
    const open = [...this.#peers.values()].filter((peer) => peer.server === server).length
    return open >= MAX_CONNECTIONS_PER_SERVER ? 'limit' : undefined
  }

  #isValid(certificate: X509Certificate): boolean {
    const { denyList, now } = this.#deps
    return !denyList.denies(certificate) && Date.parse(certificate.validTo) >= now()
  }
}

/**
 * Returns the server that a certificate names: the first DNS name among its subject alternative names. The common name does
 * not count (RFC 9525, section 2).
 */
export function serverNameOf({
  subjectAltName,
}: Pick<X509Certificate, 'subjectAltName'>): string | undefined {
  // Node quotes a name that contains a separator: such a certificate tries to forge a second name.
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
