/** A regional's replication status, as the API shows it. */
export interface SyncStatus {
  server: string
  connected: boolean
  /** Changes in the in-memory queue. */
  queue_length: number
  /** Changes that the grand has not acknowledged. */
  unacknowledged: number
  /** Position of the last entry of the grand's log applied here, 0 for none. */
  applied_position: number
  /** Position of the last entry that the grand has announced; null if unknown. */
  log_head: number | null
  /** Seconds since this server was last known to be up to date; null if never. */
  lag_seconds: number | null
  /** Changes that could not be applied. */
  dead_letters: number
  state_digest?: string
  /** Why the server is not connected. */
  detail?: string
}
