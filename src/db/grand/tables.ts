/** The rows of the grand server's database, with the columns of migrations/grand. */

import { queryBuilder } from '../engine/query.js'
import type { BlobTables } from '../tables.js'

interface GrandTables extends Omit<BlobTables, 'blob_refs'> {
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
    logged_at: number
  }
  heads: { origin: string; epoch: string; oseq: number; id: string }
  blob_refs: BlobTables['blob_refs'] & { owner_id: string | null }
  tombstones: { kind: string; key: string }
  watermarks: { server: string; gseq: number }
}

/** Builds queries on the grand server's tables. */
export const grandQuery = queryBuilder<GrandTables>()
