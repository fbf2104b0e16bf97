import { cpus, release, totalmem } from 'node:os'
import { type Figure, HERE, type Measurement, median, type Target } from './row.js'

/** Memory target of every server, in MB of resident memory. */
const MAX_MEGABYTES = 200

const HEADINGS = ['row', 'here', 'peer', 'ratio', 'target', 'met', 'spread here; peer', 'peak RSS, MB']

type Line = string[]

/** The comparison of a figure: a target, a peer without a target, or none. */
type Compared = Target | { peer: string } | Record<never, never>

/** Formats the table as text columns. */
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

/** Formats the table as Markdown, with a description of the machine. */
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

/** One line per target of each figure, per other peer with that figure, and one for memory. */
function linesOf(measurement: Measurement): Line[] {
  const { row } = measurement
  const lines = Object.entries(row.figures).flatMap(([name, figure]) => {
    const compared: Compared[] = [...figure.targets]
    for (const peer of peersOf(measurement, name)) {
      if (!figure.targets.some((target) => namesPeer(target, peer))) compared.push({ peer })
    }
    if (compared.length === 0) compared.push({})
    return compared.map((one) => lineOf(measurement, name, figure, one))
  })
  return [...lines, ...memoryLine(measurement)]
}

function lineOf(measurement: Measurement, name: string, figure: Figure, target: Compared): Line {
  const { row, values } = measurement
  const label = Object.keys(row.figures).length === 1 ? row.title : `${row.title}: ${figure.title}`
  const ours = values.get(HERE)?.get(name) ?? []
  const here = ours.length === 0 ? 'not measured' : `${shown(median(ours))} ${figure.unit}`
  if (!('peer' in target)) {
    const { wanted: targetText, met } = boundOf(target, figure, ours)
    return [label, here, '–', '–', targetText, met, spread(ours), '']
  }
  const { peer } = target
  const theirs = values.get(peer)?.get(name) ?? []
  const wanted = 'ratio' in target ? `≥ ${target.ratio}` : '–'
  if (ours.length === 0 || theirs.length === 0) {
    const why = values.has(peer) ? 'not measured' : 'not installed'
    return [label, here, `${peer}: ${why}`, '–', wanted, '–', spread(ours), '']
  }
  const quotient = median(ours) / median(theirs)
  const ratio = figure.better === 'more' ? quotient : 1 / quotient
  const met = 'ratio' in target ? yes(ratio >= target.ratio) : '–'
  const spreads = `${spread(ours)}; ${spread(theirs)}`
  return [label, here, `${peer} ${shown(median(theirs))}`, ratio.toFixed(2), wanted, met, spreads, '']
}

function boundOf(target: Compared, { unit }: Figure, ours: number[]): { wanted: string; met: string } {
  const middle = ours.length === 0 ? Number.NaN : median(ours)
  if ('atMost' in target)
    return { wanted: `≤ ${target.atMost} ${unit}`.trim(), met: yes(middle <= target.atMost) }
  if ('atLeast' in target)
    return { wanted: `≥ ${target.atLeast} ${unit}`.trim(), met: yes(middle >= target.atLeast) }
  return { wanted: '–', met: '–' }
}

function memoryLine({ row, peaks }: Measurement): Line[] {
  const ours = peaks.get(HERE)
  if (ours === undefined) return []
  const highest = Math.max(...Object.values(ours))
  const each = Object.entries(ours).map(([server, megabytes]) => `${server} ${megabytes.toFixed(0)}`)
  const met = yes(highest <= MAX_MEGABYTES)
  return [
    [
      `${row.title}: memory`,
      `${highest.toFixed(0)} MB`,
      '–',
      '–',
      `≤ ${MAX_MEGABYTES} MB`,
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
  if (values.length === 0) return '–'
  return `${shown(Math.min(...values))}–${shown(Math.max(...values))}`
}

/** Three significant digits, or all digits of a larger integer. */
function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function yes(met: boolean): string {
  return met ? 'yes' : 'no'
}
