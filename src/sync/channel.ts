/**
 * A connection that carries whole frames, in order, until it closes. What the protocol runs on: a WebSocket in
 * production, anything else that keeps this promise in a simulation.
 */
export interface Channel {
  send(frame: Buffer): void
  /** Ends the connection; `onClose` follows. */
  close(reason: string): void
}

/** What a channel tells its user. */
export interface ChannelEvents {
  onFrame(frame: Buffer): void
  /** Once, whoever ended it. */
  onClose(reason: string): void
}
