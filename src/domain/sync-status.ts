/** How a regional stands to the rest of the sphere, as the API shows it. */
export interface SyncStatus {
  server: string
  connected: boolean
  /** Changes in the in-memory queue. */
  queue_length: number
  /** Changes that the grand has not acknowledged. */
  unacknowledged: number
  /** Last entry of the grand's log that is applied here, 0 for none. */
  applied_position: number
  /** Last entry that the grand has told of. */
  log_head: number | null
  /** Seconds since this server last knew that it had everything. */
  lag_seconds: number | null
  /** Changes that could not be applied. */
  dead_letters: number
  state_digest?: string
  /** Why it is not connected. */
  detail?: string
}
