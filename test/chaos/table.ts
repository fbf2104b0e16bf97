import type { Outcome } from './chaos.js'
import { ratioOf } from './latency.js'

/** Formats the figures of a run as a table. */
export function tableOf({ figures, lost, violations, convergedMs, latency }: Outcome): string {
  const rows: [string, string | number][] = [
    ...[...figures.operations].map(([kind, { acknowledged, refused, unknown }]): [string, string] => [
      `  ${kind}`,
      `${acknowledged} acknowledged, ${refused} refused, ${unknown} unknown`,
    ]),
    ['operations', figures.total('acknowledged') + figures.total('refused') + figures.total('unknown')],
    ...[...figures.faults].sort(),
    ['faults', [...figures.faults.values()].reduce((sum, count) => sum + count, 0)],
    ['acknowledged', figures.total('acknowledged')],
    ['lost', lost.length],
    ['time to converge', `${Math.round(convergedMs)} ms`],
    [
      'request with and without the grand',
      `${latency.upMs.toFixed(2)} ms, ${latency.downMs.toFixed(2)} ms: ${ratioOf(latency).toFixed(2)} times`,
    ],
    ['violations', violations.length],
    ...[...figures.skipped].map((what): [string, string] => ['left out', what]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}
