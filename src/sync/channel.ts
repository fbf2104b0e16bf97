/** A connection that carries whole frames, in order, until it closes: a WebSocket in production, memory in the simulation. */
export interface Channel {
  /** The network address of the other end, if it has one. */
  readonly address?: string | undefined
  send(frame: Buffer): void
  /** Ends the connection; `onClose` follows. */
  close(reason: string): void
}

/**
 * Opens a channel to the grand. Returns it at once, so that the caller can close it, and calls `onOpen` once it is connected.
 * `onClose` follows even if the connection fails.
 */
export type Dial = (events: ChannelEvents, onOpen: (channel: Channel) => void) => Channel

/** Callbacks of a channel. */
export interface ChannelEvents {
  onFrame(frame: Buffer): void
  /** Called once, whichever end closed it. */
  onClose(reason: string): void
}
