import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { observeProcess } from './process-metrics.js'

/** From a row read out of the page cache up to a big file on a slow line. */
const DURATION_BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120,
]

/** Any other method is client-made, and would let a client make time series without end. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export interface RegistryOptions {
  /** The server's name, a label on every metric. */
  server: string
  /** Whether to measure this process too (CPU, memory, event loop); several servers in one process need it once. */
  processMetrics: boolean
}

/** Makes a registry of its own for one server, so that several can live in one process. */
export function createMetricsRegistry({ server, processMetrics }: RegistryOptions): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ server })
  if (processMetrics) observeProcess(registry)
  return registry
}

/** One answered request, as it is counted. */
export interface CompletedRequest {
  method: string
  /** The route as declared (`/files/{file_id}`), never the URL: a label must not take values that a client makes up. */
  route: string
  status: number
  durationSeconds: number
}

export interface HttpMetrics {
  requestCompleted(request: CompletedRequest): void
  /** Bytes of files that were received, also of uploads that failed later. */
  bytesUploaded(sizeBytes: number): void
  /** Bytes of files that were handed out. */
  bytesDownloaded(sizeBytes: number): void
  eventStreamOpened(): void
  eventStreamClosed(): void
}

/** Registers what is measured of a server's HTTP side. */
export function createHttpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry]
  const requests = new Histogram({
    name: 'syncsphere_http_request_duration_seconds',
    help: 'Requests answered, by route and status, and the seconds each took until its answer had been sent',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  })
  const uploaded = new Counter({
    name: 'syncsphere_uploaded_bytes_total',
    help: 'Bytes of files received, those of failed uploads included',
    registers,
  })
  const downloaded = new Counter({
    name: 'syncsphere_downloaded_bytes_total',
    help: 'Bytes of files handed out',
    registers,
  })
  const eventStreams = new Gauge({
    name: 'syncsphere_event_streams',
    help: 'Live event streams open now',
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

/** How a regional stands to the sphere, as it is read when somebody asks for the metrics. */
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
  connected: '1 while there is a link to the grand, else 0',
  queue_length: 'Changes in the in-memory queue',
  unacknowledged: 'Changes that the grand has not acknowledged',
  applied_position: "Last entry of the grand's log that is applied here",
  log_head: 'Last entry that the grand has told of',
  lag_seconds: 'Seconds since this server last knew that it had everything',
  dead_letters: 'Changes that could not be applied',
  missing_blobs: 'Blobs that live files name and that are not here yet',
}

/** Registers a gauge for each reading; one that is not known has no value. */
export function observeSync(registry: Registry, read: () => SyncReadings): void {
  let latest: SyncReadings | undefined
  // All gauges are collected in one turn; some readings count rows.
  const once = () => {
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
        const reading = once()[name as keyof SyncReadings]
        this.reset()
        if (reading !== null) this.set(Number(reading))
      },
    })
  }
}

/** Registers the time that is left to certificates. */
export function observeCertificates(
  registry: Registry,
  read: () => { file: string; secondsLeft: number }[],
): void {
  new Gauge({
    name: 'syncsphere_certificate_expiry_seconds',
    help: 'Seconds until a certificate that is in use expires, by its file; negative afterwards',
    labelNames: ['file'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { file, secondsLeft } of read()) this.set({ file }, secondsLeft)
    },
  })
}
