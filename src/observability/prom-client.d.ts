/** Parts of the package's `collectDefaultMetrics`, which its types do not declare. */
declare module 'prom-client/lib/metrics/*' {
  import type { Registry } from 'prom-client'

  const observe: (registry: Registry, options: { eventLoopMonitoringPrecision: number }) => void
  export = observe
}
