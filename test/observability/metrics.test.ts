import { test } from 'tap'
import { createHttpMetrics, createMetricsRegistry, observeSync } from '../../src/observability/metrics.js'

test('Two servers in one process have separate metrics', async (t) => {
  const [eu, us] = ['eu', 'us'].map((server) => createMetricsRegistry({ server, processMetrics: false }))
  const http = createHttpMetrics(eu!)
  createHttpMetrics(us!)
  http.bytesUploaded(5)
  http.bytesUploaded(7)
  http.bytesDownloaded(3)
  http.eventStreamOpened()
  http.eventStreamOpened()
  http.eventStreamClosed()
  const text = await eu!.metrics()
  t.match(text, 'syncsphere_uploaded_bytes_total{server="eu"} 12\n')
  t.match(text, 'syncsphere_downloaded_bytes_total{server="eu"} 3\n')
  t.match(text, 'syncsphere_event_streams{server="eu"} 1\n')
  t.match(await us!.metrics(), 'syncsphere_uploaded_bytes_total{server="us"} 0\n')
})

test('Requests are counted by route and status, and an unknown method adds no series', async (t) => {
  const registry = createMetricsRegistry({ server: 'eu', processMetrics: false })
  const http = createHttpMetrics(registry)
  http.requestCompleted({ method: 'GET', route: '/files/:file_id', status: 200, durationSeconds: 0.004 })
  http.requestCompleted({ method: 'BREW', route: 'unmatched', status: 404, durationSeconds: 0.001 })
  http.requestCompleted({ method: 'STEEP', route: 'unmatched', status: 404, durationSeconds: 0.001 })
  const text = await registry.metrics()
  t.match(text, /_bucket\{le="0\.005",server="eu",method="GET",route="\/files\/:file_id",status="200"\} 1\n/)
  t.match(text, /_count\{server="eu",method="other",route="unmatched",status="404"\} 2\n/)
  t.notMatch(text, 'BREW')
})

test('Process metrics are included on request', async (t) => {
  const registry = createMetricsRegistry({ server: 'eu', processMetrics: true })
  const text = await registry.metrics()
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'process_open_fds',
    'process_max_fds',
    'nodejs_heap_size_used_bytes',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_active_resources_total',
  ])
    t.match(text, new RegExp(`^${name}\\{server="eu"\\} \\d+`, 'm'))
  for (const name of ['nodejs_heap_space_size_used_bytes', 'nodejs_version_info'])
    t.match(text, new RegExp(`^${name}\\{.*server="eu".*\\} \\d+`, 'm'))
})

test('The sync status is read once for all of its gauges', async (t) => {
  const registry = createMetricsRegistry({ server: 'eu', processMetrics: false })
  let reads = 0
  const reading = { connected: true, queue_length: 0, unacknowledged: 0, applied_position: 0, log_head: null }
  observeSync(registry, () => ({
    ...{ ...reading, lag_seconds: null, dead_letters: 0 },
    missing_blobs: ++reads,
  }))
  t.match(await registry.metrics(), 'syncsphere_sync_missing_blobs{server="eu"} 1\n')
  await new Promise(setImmediate)
  t.match(await registry.metrics(), 'syncsphere_sync_missing_blobs{server="eu"} 2\n')
})
