import type { Handlers } from '../../contract/handlers.js'
import { DomainError } from '../../domain/errors.js'
import { storageUnavailable } from '../../domain/storage-errors.js'
import type { SyncStatus } from '../../domain/sync-status.js'

export interface ServerHandlersOptions {
  server: string
  version: string
  /** What keeps the server from storing anything. */
  storageFault: () => Promise<string | undefined>
  syncStatus: () => SyncStatus
  /** Of all merged state; equal on servers that have seen the same changes. */
  stateDigest: () => Promise<string>
  /** In Prometheus' text format. */
  metrics: () => Promise<string>
}

type ServerHandlers = Pick<Handlers, 'getHealth' | 'getSyncStatus' | 'getMetrics'>

export function serverHandlers({ server, version, ...options }: ServerHandlersOptions): ServerHandlers {
  return {
    async getHealth() {
      const fault = await options.storageFault()
      if (fault !== undefined) throw storageUnavailable(fault)
      return { status: 200, body: { status: 'ok', server, version } }
    },

    async getSyncStatus({ query }, { caller }) {
      const status = options.syncStatus()
      if (!query.digest) return { status: 200, body: status }
      if (caller.kind !== 'operator') {
        throw new DomainError('insufficient-scope', "The digest needs the operator's token.")
      }
      return { status: 200, body: { ...status, state_digest: await options.stateDigest() } }
    },

    async getMetrics() {
      return { status: 200, body: await options.metrics() }
    },
  }
}
