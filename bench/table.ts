import { cpus, release, totalmem } from 'node:os'
import { type Figure, HERE, type Measurement, median, type Target } from './row.js'

/** What a server may need, whatever it does; MB of resident set. */
const MOST_MEGABYTES = 200

const HEADINGS = ['row', 'here', 'peer', 'ratio', 'target', 'met', 'spread here; peer', 'peak RSS, MB']

type Line = string[]

/** The table as text, in columns. */
export function tableOf(measurements: Measurement[]): string {
  const lines = [HEADINGS, ...measurements.flatMap(linesOf)]
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The table as Markdown, under the machine that it was measured on. */
export function markdownOf(measurements: Measurement[]): string {
  const lines = [HEADINGS, HEADINGS.map(() => '---'), ...measurements.flatMap(linesOf)]
  return [machine(), '', ...lines.map((line) => `| ${line.join(' | ')} |`)].join('\n')
}

function machine(): string {
  const [cpu] = cpus()
  const gibibytes = (totalmem() / 1024 ** 3).toFixed(0)
  const date = new Date().toISOString().slice(0, 10)
  return `${cpu?.model.trim()}, ${cpus().length} cores, ${gibibytes} GiB, Linux ${release()}, Node ${process.version}, ${date}`
}

/** A line for each target of each figure, for each peer that is shown without one, and one for memory. */
function linesOf(measurement: Measurement): Line[] {
  const { row } = measurement
  const lines = Object.entries(row.figures).flatMap(([name, figure]) => {
    const peers = peersOf(measurement, name).filter(
      (peer) => !figure.targets.some((one) => namesPeer(one, peer)),
    )
    return [
      ...figure.targets.map((target) => lineOf(measurement, name, figure, target)),
      ...peers.map((peer) => lineOf(measurement, name, figure, { peer })),
    ]
  })
  return [...lines, ...memoryLine(measurement)]
}

function lineOf(
  measurement: Measurement,
  name: string,
  figure: Figure,
  target: Target | { peer: string },
): Line {
  const { row, values, missing } = measurement
  const ours = values.get(HERE)?.get(name)
  if (ours === undefined) throw new Error(`${row.name} has not measured ${name} here`)
  const label = Object.keys(row.figures).length === 1 ? row.title : `${row.title}: ${figure.title}`
  const here = `${shown(median(ours))} ${figure.unit}`
  if (!('peer' in target)) {
    const met = 'atMost' in target ? median(ours) <= target.atMost : median(ours) >= target.atLeast
    const bound = 'atMost' in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`
    return [label, here, '–', '–', `${bound} ${figure.unit}`.trim(), yes(met), spread(ours), '']
  }
  const { peer } = target
  const theirs = values.get(peer)?.get(name)
  const wanted = 'ratio' in target ? `≥ ${target.ratio}` : '–'
  if (theirs === undefined) {
    const why = missing.length === 0 ? 'not measured' : 'not installed'
    return [label, here, `${peer}: ${why}`, '–', wanted, '–', spread(ours), '']
  }
  const ratio = median(ours) / median(theirs)
  const met = 'ratio' in target ? yes(ratio >= target.ratio) : '–'
  const spreads = `${spread(ours)}; ${spread(theirs)}`
  return [label, here, `${peer} ${shown(median(theirs))}`, ratio.toFixed(2), wanted, met, spreads, '']
}

function memoryLine({ row, peaks }: Measurement): Line[] {
  const ours = peaks.get(HERE)
  if (ours === undefined) return []
  const most = Math.max(...Object.values(ours))
  const each = Object.entries(ours).map(([server, megabytes]) => `${server} ${megabytes.toFixed(0)}`)
  const met = yes(most <= MOST_MEGABYTES)
  return [
    [
      `${row.title}: memory`,
      `${most.toFixed(0)} MB`,
      '–',
      '–',
      `≤ ${MOST_MEGABYTES} MB`,
      met,
      '',
      each.join(', '),
    ],
  ]
}

function peersOf({ values }: Measurement, figure: string): string[] {
  return [...values].filter(([name, of]) => name !== HERE && of.has(figure)).map(([name]) => name)
}

function namesPeer(target: Target, peer: string): boolean {
  return 'peer' in target && target.peer === peer
}

function spread(values: number[]): string {
  return `${shown(Math.min(...values))}–${shown(Math.max(...values))}`
}

/** Three digits, or all of a larger whole number. */
function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function yes(met: boolean): string {
  return met ? 'yes' : 'no'
}
