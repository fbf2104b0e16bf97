import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { PeerTls } from '../../certs/peer-tls.js'
import type { Channel, ChannelEvents } from '../channel.js'
import { HEARTBEAT_MS, LINK_PATH, MAX_FRAME_BYTES } from '../protocol.js'

/** Timeout of connecting, TLS and WebSocket handshakes included. */
const CONNECT_MS = 10_000

/** Limit of bytes buffered for sending; beyond it the grand has stopped reading. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024

/**
 * Connects to the grand by TLS 1.3 with certificates on both sides. The grand's certificate must be issued by the sphere's
 * authority for the host of the URL. Pings detect a peer that has vanished.
 * @param events receives frames and, once, the end; also if connecting fails
 * @param onOpen called with the channel once it is connected
 */
export function dialChannel(
  grandUrl: string,
  tls: PeerTls,
  events: ChannelEvents,
  onOpen: (channel: Channel) => void,
): Channel {
  const socket = new WebSocket(new URL(LINK_PATH, grandUrl.replace(/^http/, 'ws')), {
    ...tls,
    minVersion: 'TLSv1.3',
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    handshakeTimeout: CONNECT_MS,
    skipUTF8Validation: true,
    // RFC 6455 section 10.3 masks frames against intermediaries; inside TLS there are none.
    generateMask: (mask) => void mask.fill(0),
  })
  let reason: string | undefined
  const channel: Channel = {
    send(frame) {
      if (socket.readyState !== WebSocket.OPEN) return
      socket.send(frame)
      if (socket.bufferedAmount > MAX_UNSENT_BYTES) channel.close('the grand does not read')
    },
    close(why) {
      reason ??= why
      socket.terminate()
    },
  }
  let raw: Socket | undefined
  let last = { read: -1, unsent: 0 }
  const heartbeat = setInterval(() => {
    if (raw === undefined) return
    const now = { read: raw.bytesRead, unsent: socket.bufferedAmount }
    // Bytes in either direction are a sign of life: a slow line may be busy with one large frame.
    if (now.read === last.read && now.unsent >= last.unsent) return channel.close('the grand is silent')
    last = now
    socket.ping()
  }, HEARTBEAT_MS)
  socket.on('open', () => onOpen(channel))
  socket.on('upgrade', (response) => {
    raw = response.socket
  })
  socket.on('message', (data) => {
    try {
      events.onFrame(data as Buffer)
    } catch (error) {
      channel.close((error as Error).message)
    }
  })
  socket.on('error', (error) => {
    reason ??= error.message
  })
  socket.on('close', () => {
    clearInterval(heartbeat)
    events.onClose(reason ?? 'the grand closed the link')
  })
  return channel
}
