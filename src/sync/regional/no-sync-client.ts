import type { Database } from '../../db/engine/database.js'
import { outboxHead, readAcked } from '../../db/regional/outbox.js'
import type { SyncStatus } from '../../domain/sync-status.js'

/** Replaces the sync client on a regional without a grand. Its outbox keeps every change for a later grand. */
export class NoSyncClient implements AsyncDisposable {
  readonly #server: string
  readonly #db: Database

  constructor(server: string, db: Database) {
    this.#server = server
    this.#db = db
  }

  status(): SyncStatus {
    return {
      server: this.#server,
      connected: false,
      queue_length: 0,
      unacknowledged: outboxHead(this.#db) - readAcked(this.#db).oseq,
      applied_position: 0,
      log_head: null,
      lag_seconds: null,
      dead_letters: 0,
      detail: 'works alone: no SYNCSPHERE_GRAND_URL is configured',
    }
  }

  refresh(): void {}

  async removeAbandonedParts(): Promise<number> {
    return 0
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
