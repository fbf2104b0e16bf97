/** What both kinds of server know of blobs: the same tables, but for what only one of them asks. */
import { queryBuilder } from './query.js'

export interface BlobTables {
  blobs: { sha256: string; size: number; stored_at: string; content: Buffer | null }
  blob_refs: { kind: string; key: string; sha256: string; size: number; gseq: number }
  missing: { sha256: string; size: number; gseq: number }
}

/** Builds queries that either server runs. */
export const blobQuery = queryBuilder<BlobTables>()
