import { Counter, Gauge, type Registry } from 'prom-client'
import type { RefusalCode } from '../protocol.js'

export interface GrandMetrics {
  changesLogged(origin: string, count: number): void
  refused(code: RefusalCode): void
  /** A connection that was refused before its hello. */
  connectionRefused(reason: 'handshake' | 'name' | 'revoked' | 'limit'): void
  bytesReceived(sizeBytes: number): void
  bytesSent(sizeBytes: number): void
  /** An upload with a hash mismatch. */
  corruptBlob(): void
}

/** Values that are read whenever the metrics are collected. */
export interface GrandReadings {
  head(): number
  links(): { server: string; lag: number }[]
  missing(): { blobs: number; bytes: number }
  freeBytes(): number
  paused(): boolean
}

/** Registers the metrics of a grand server. */
export function createGrandMetrics(registry: Registry, readings: GrandReadings): GrandMetrics {
  const registers = [registry]
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `syncsphere_grand_${name}`, help, labelNames, registers })
  const gauge = (name: string, help: string, read: (gauge: Gauge) => void, labelNames: string[] = []) =>
    new Gauge({
      name: `syncsphere_grand_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        read(this)
      },
    })
  gauge('log_head', 'Entries in the log', (it) => it.set(readings.head()))
  gauge(
    'link_lag',
    'Entries that a linked regional has not applied',
    (it) => {
      it.reset()
      for (const { server, lag } of readings.links()) it.set({ regional: server }, lag)
    },
    ['regional'],
  )
  gauge('missing_blobs', 'Blobs that are referenced and not stored here', (it) =>
    it.set(readings.missing().blobs),
  )
  gauge('missing_bytes', 'Bytes of the missing blobs', (it) => it.set(readings.missing().bytes))
  gauge('free_disk_bytes', 'Bytes free on the disk', (it) => it.set(readings.freeBytes()))
  gauge('paused', '1 while no changes are accepted because the disk is full', (it) =>
    it.set(readings.paused() ? 1 : 0),
  )
  const changes = counter('changes_total', 'Changes appended to the log, by origin', ['origin'])
  const refusals = counter('refusals_total', 'Refused messages of regionals, by code', ['code'])
  const connections = counter('refused_connections_total', 'Refused connections, by reason', ['reason'])
  const received = counter('received_bytes_total', 'Bytes of blobs received')
  const sent = counter('sent_bytes_total', 'Bytes of blobs sent')
  const corrupt = counter('corrupt_blobs_total', 'Uploads with a hash mismatch')
  return {
    changesLogged: (origin, count) => changes.inc({ origin }, count),
    refused: (code) => refusals.inc({ code }),
    connectionRefused: (reason) => connections.inc({ reason }),
    bytesReceived: (sizeBytes) => received.inc(sizeBytes),
    bytesSent: (sizeBytes) => sent.inc(sizeBytes),
    corruptBlob: () => corrupt.inc(),
  }
}
