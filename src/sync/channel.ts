/**
 * A connection that carries whole frames, in order, until it closes. What the protocol runs on: a WebSocket in
 * production, anything else that keeps this promise in a simulation.
 */
export interface Channel {
  /** Of the other end, where there is one to tell. */
  readonly address?: string | undefined
  send(frame: Buffer): void
  /** Ends the connection; `onClose` follows. */
  close(reason: string): void
}

/**
 * Opens a channel to the grand: gives it at once, so that it can be closed, and hands it over when it stands. `onClose`
 * comes also when it never stood.
 */
export type Dial = (events: ChannelEvents, onOpen: (channel: Channel) => void) => Channel

/** What a channel tells its user. */
export interface ChannelEvents {
  onFrame(frame: Buffer): void
  /** Once, whoever ended it. */
  onClose(reason: string): void
}
