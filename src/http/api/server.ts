import type { Handlers } from '../../contract/handlers.js'
import { DomainError } from '../../domain/errors.js'
import { storageUnavailable } from '../../domain/storage-errors.js'
import type { SyncStatus } from '../../domain/sync-status.js'

export interface ServerHandlersDeps {
  server: string
  version: string
  /** The reason why the server cannot store anything; undefined when it can. */
  storageFault: () => Promise<string | undefined>
  syncStatus: () => SyncStatus
  /** Digest of the merged state, equal on servers that have applied the same changes. */
  stateDigest: () => Promise<string>
  /** Prometheus text format. */
  metrics: () => Promise<string>
}

type ServerHandlers = Pick<Handlers, 'getHealth' | 'getSyncStatus' | 'getMetrics'>

export function serverHandlers({ server, version, ...deps }: ServerHandlersDeps): ServerHandlers {
  return {
    async getHealth() {
      const fault = await deps.storageFault()
      if (fault !== undefined) throw storageUnavailable(fault)
      return { status: 200, body: { status: 'ok', server, version } }
    },

    async getSyncStatus({ query }, { caller }) {
      const status = deps.syncStatus()
      if (!query.digest) return { status: 200, body: status }
      if (caller.kind !== 'operator') {
        throw new DomainError('insufficient-scope', "The digest needs the operator's token.")
      }
      return { status: 200, body: { ...status, state_digest: await deps.stateDigest() } }
    },

    async getMetrics() {
      return { status: 200, body: await deps.metrics() }
    },
  }
}
