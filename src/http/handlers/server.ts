import type { Handlers } from '../../contract/handlers.js'
import { DomainError } from '../../domain/errors.js'
import type { SyncStatus } from '../../domain/sync-status.js'

export interface ServerHandlersOptions {
  server: string
  version: string
  syncStatus: () => SyncStatus
  /** Of all merged state; equal on servers that have seen the same changes. */
  stateDigest: () => Promise<string>
  /** In Prometheus' text format. */
  metrics: () => Promise<string>
}

type ServerHandlers = Pick<Handlers, 'getHealth' | 'getSyncStatus' | 'getMetrics'>

export function serverHandlers({ server, version, ...options }: ServerHandlersOptions): ServerHandlers {
  return {
    getHealth() {
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
