/** A regional's replication state, as the API shows it. */
export interface SyncStatus {
  server: string
  connected: boolean
  /** Changes in the in-memory queue. */
  queue_length: number
  /** Local changes that the grand has not acknowledged. */
  unacknowledged: number
  /** Last applied position of the change log, 0 for none. */
  applied_position: number
  /** Last known position of the change log. */
  log_head: number | null
  /** Seconds since this server was last known to be in step. */
  lag_seconds: number | null
  /** Changes that could not be applied. */
  dead_letters: number
  state_digest?: string
  /** The reason why it is not connected. */
  detail?: string
}
