/** The rows of the grand server's database, column for column as migrations/grand makes them. */
import { queryBuilder } from './query.js'

interface GrandTables {
  meta: { key: string; value: string }
  log: {
    gseq: number
    id: string
    origin: string
    epoch: string
    oseq: number
    change: string
    ghash: string
    small_sha256: string | null
  }
  heads: { origin: string; epoch: string; oseq: number; id: string }
  named_files: { file_id: string; sha256: string; size: number; owner_id: string; gseq: number }
  gone_files: { id: string }
  gone_users: { id: string }
  missing: { sha256: string; size: number; gseq: number }
  blobs: { sha256: string; size: number; stored_at: string; content: Buffer | null }
  watermarks: { server: string; gseq: number }
}

/** Builds queries on the grand server's tables. */
export const grandQuery = queryBuilder<GrandTables>()
