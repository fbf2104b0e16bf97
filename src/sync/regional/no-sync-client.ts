import type { Database } from '../../db/engine/database.js'
import { outboxHead, readAcked } from '../../db/regional/outbox.js'
import type { SyncStatus } from '../../domain/sync-status.js'

/** A regional without a grand: it works alone, and its outbox waits for the day it gets one. */
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

  /** There is nowhere to fetch what is missing from. */
  refresh(): void {}

  /** Nor are there transfers. */
  async removeAbandonedParts(): Promise<number> {
    return 0
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
