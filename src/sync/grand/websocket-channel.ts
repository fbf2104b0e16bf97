import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { Channel, ChannelEvents } from '../channel.js'
import { HEARTBEAT_MS } from '../protocol.js'

/** Limit of bytes buffered for sending. The window allows far less, so a peer beyond it has stopped reading. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024

/** Timeout of sending the last frames and of the closing handshake. */
const CLOSING_MS = 1000

/** Close codes (RFC 6455, section 7.4.1). */
const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008

/** Wraps an open WebSocket as a channel. Pings detect a peer that has vanished. */
export function openChannel(socket: WebSocket, carrier: Duplex, events: ChannelEvents): Channel {
  let reason: string | undefined
  let closing: NodeJS.Timeout | undefined
  const end = (why: string) => {
    reason ??= why
    socket.terminate()
  }
  const heartbeat = startHeartbeat(socket, carrier as Socket, () => end('silent'))
  const channel: Channel = {
    address: (carrier as Socket).remoteAddress,
    send(frame) {
      if (socket.readyState !== WebSocket.OPEN) return
      socket.send(frame, { binary: true })
      if (socket.bufferedAmount > MAX_UNSENT_BYTES) end('does not read')
    },
    close(why) {
      reason ??= why
      if (socket.readyState !== WebSocket.OPEN) return
      const code = why.includes('stops') || why.includes('replaced') ? GOING_AWAY : POLICY_VIOLATION
      socket.close(code, Buffer.from(why).subarray(0, 100).toString('utf8').replaceAll('\ufffd', ''))
      closing = setTimeout(() => socket.terminate(), CLOSING_MS)
    },
  }
  socket.on('message', (data, isBinary) => {
    if (isBinary) events.onFrame(data as Buffer)
    else channel.close('a frame that is not binary')
  })
  socket.on('error', (error) => {
    reason ??= error.message
  })
  socket.on('close', () => {
    clearInterval(heartbeat)
    clearTimeout(closing)
    events.onClose(reason ?? 'closed by the regional')
  })
  return channel
}

/**
 * Detects a dead peer. Any byte received and any byte that the network accepted count as a sign of life: on a slow line a
 * pong waits behind megabytes of frames. It counts ticks rather than time, so that a blocked event loop here is not
 * mistaken for a silent peer.
 */
function startHeartbeat(socket: WebSocket, carrier: Socket, onDead: () => void): NodeJS.Timeout {
  let received = -1
  let unsent = 0
  let silentTicks = 0
  return setInterval(() => {
    const alive = carrier.bytesRead !== received || socket.bufferedAmount < unsent
    received = carrier.bytesRead
    unsent = socket.bufferedAmount
    silentTicks = alive ? 0 : silentTicks + 1
    if (silentTicks >= 4) onDead()
    else if (silentTicks > 0 && socket.readyState === WebSocket.OPEN) socket.ping()
  }, HEARTBEAT_MS / 2)
}
