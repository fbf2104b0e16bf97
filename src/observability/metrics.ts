import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { observeProcess } from './process-metrics.js'

/** From a cached read to a large file over a slow connection. */
const DURATION_BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120,
]

/** Other methods share one label, so that clients cannot create time series without bound. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export interface RegistryOptions {
  /** The server's name, a label on every metric. */
  server: string
  /** Whether to measure this process too (CPU, memory, event loop). */
  processMetrics: boolean
}

/** Creates a registry for one server, so that several can run in one process. */
export function createMetricsRegistry({ server, processMetrics }: RegistryOptions): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ server })
  if (processMetrics) observeProcess(registry)
  return registry
}

export interface CompletedRequest {
  method: string
  /** The declared route (`/files/{file_id}`), never the URL, which clients choose. */
  route: string
  status: number
  durationSeconds: number
}

export interface HttpMetrics {
  requestCompleted(request: CompletedRequest): void
  /** Received bytes of files, failed uploads included. */
  bytesUploaded(sizeBytes: number): void
  /** Sent bytes of files. */
  bytesDownloaded(sizeBytes: number): void
  eventStreamOpened(): void
  eventStreamClosed(): void
}

/** Registers the metrics of a server's HTTP API. */
export function createHttpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry]
  const requests = new Histogram({
    name: 'syncsphere_http_request_duration_seconds',
    help: 'Seconds from a request to the end of its response, by method, route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  })
  const uploaded = new Counter({
    name: 'syncsphere_uploaded_bytes_total',
    help: 'Bytes of files received, failed uploads included',
    registers,
  })
  const downloaded = new Counter({
    name: 'syncsphere_downloaded_bytes_total',
    help: 'Bytes of files sent',
    registers,
  })
  const eventStreams = new Gauge({
    name: 'syncsphere_event_streams',
    help: 'Open event streams',
    registers,
  })
  return {
    requestCompleted({ method, route, status, durationSeconds }) {
      requests.observe({ method: METHODS.has(method) ? method : 'other', route, status }, durationSeconds)
    },
    bytesUploaded(sizeBytes) {
      uploaded.inc(sizeBytes)
    },
    bytesDownloaded(sizeBytes) {
      downloaded.inc(sizeBytes)
    },
    eventStreamOpened() {
      eventStreams.inc()
    },
    eventStreamClosed() {
      eventStreams.dec()
    },
  }
}

/** A regional's replication state when the metrics are read. */
export interface SyncReadings {
  connected: boolean
  queue_length: number
  unacknowledged: number
  applied_position: number
  log_head: number | null
  lag_seconds: number | null
  dead_letters: number
  missing_blobs: number
}

const SYNC_GAUGES: Record<keyof SyncReadings, string> = {
  connected: '1 while connected to the grand, else 0',
  queue_length: 'Changes in the in-memory queue',
  unacknowledged: 'Local changes that the grand has not acknowledged',
  applied_position: 'Last applied position of the change log',
  log_head: 'Last known position of the change log',
  lag_seconds: 'Seconds since this server was last known to be in step',
  dead_letters: 'Changes that could not be applied',
  missing_blobs: 'Blobs that live files reference and this server does not store',
}

/** Registers a gauge for each reading. An unknown reading has no value. */
export function observeSync(registry: Registry, read: () => SyncReadings): void {
  let latest: SyncReadings | undefined
  // One reading serves all gauges, which are collected in one tick: some readings count rows.
  const readOnce = () => {
    if (latest === undefined) setImmediate(() => (latest = undefined))
    latest ??= read()
    return latest
  }
  for (const [name, help] of Object.entries(SYNC_GAUGES)) {
    new Gauge({
      name: `syncsphere_sync_${name}`,
      help,
      registers: [registry],
      collect() {
        const reading = readOnce()[name as keyof SyncReadings]
        this.reset()
        if (reading !== null) this.set(Number(reading))
      },
    })
  }
}

/** Registers the time until certificates expire. */
export function observeCertificates(
  registry: Registry,
  read: () => { file: string; secondsLeft: number }[],
): void {
  new Gauge({
    name: 'syncsphere_certificate_expiry_seconds',
    help: 'Seconds until a certificate in use expires, by its file; negative once expired',
    labelNames: ['file'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { file, secondsLeft } of read()) this.set({ file }, secondsLeft)
    },
  })
}
