import type { Registry } from 'prom-client'
import eventLoopLag from 'prom-client/lib/metrics/eventLoopLag.js'
import heapSizeAndUsed from 'prom-client/lib/metrics/heapSizeAndUsed.js'
import heapSpacesSizeAndUsed from 'prom-client/lib/metrics/heapSpacesSizeAndUsed.js'
import osMemoryHeap from 'prom-client/lib/metrics/osMemoryHeap.js'
import processCpuTotal from 'prom-client/lib/metrics/processCpuTotal.js'
import processMaxFileDescriptors from 'prom-client/lib/metrics/processMaxFileDescriptors.js'
import processOpenFileDescriptors from 'prom-client/lib/metrics/processOpenFileDescriptors.js'
import processResources from 'prom-client/lib/metrics/processResources.js'
import processStartTime from 'prom-client/lib/metrics/processStartTime.js'
import version from 'prom-client/lib/metrics/version.js'

const METRICS = [
  ...[processCpuTotal, processStartTime, osMemoryHeap, processOpenFileDescriptors, processMaxFileDescriptors],
  ...[eventLoopLag, processResources, heapSizeAndUsed, heapSpacesSizeAndUsed, version],
]

/** Resolution of the event-loop monitor. */
const EVENT_LOOP_MS = 10

/**
 * Measures this process: CPU, memory, event loop, open files. `collectDefaultMetrics` of the package would also observe
 * every garbage collection, which takes a tenth of the time of short requests.
 */
export function observeProcess(registry: Registry): void {
  for (const observe of METRICS) observe(registry, { eventLoopMonitoringPrecision: EVENT_LOOP_MS })
}
