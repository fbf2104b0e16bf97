/** The metrics that `collectDefaultMetrics` of the package is made of, which it does not declare. */
declare module 'prom-client/lib/metrics/*' {
  import type { Registry } from 'prom-client'

  const observe: (registry: Registry, options: { eventLoopMonitoringPrecision: number }) => void
  export = observe
}
