import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { Channel, ChannelEvents } from '../channel.js'
import { HEARTBEAT_MS } from '../protocol.js'

/** Sent and not taken by the network: far more than the window allows, so the peer does not read at all. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024

/** For the last frames and the closing handshake. */
const CLOSING_MS = 1000

/** Close codes (RFC 6455, section 7.4.1). */
const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008

/** A channel on an open WebSocket. Pings find a peer that is gone without a word. */
export function openChannel(socket: WebSocket, carrier: Duplex, events: ChannelEvents): Channel {
  let reason: string | undefined
  let closing: NodeJS.Timeout | undefined
  const end = (why: string) => {
    reason ??= why
    socket.terminate()
  }
  const heartbeat = watchLife(socket, carrier as Socket, () => end('silent'))
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
 * Counts as a sign of life: any byte received, and bytes sent that the network took. A pong alone would not do, for on a
 * slow line it stands behind megabytes of frames. Ticks are counted and not time, so that a loop which was held up here
 * is not taken for silence there.
 */
function watchLife(socket: WebSocket, carrier: Socket, onDead: () => void): NodeJS.Timeout {
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
