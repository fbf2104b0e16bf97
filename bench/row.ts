import { execFileSync } from 'node:child_process'

/** Figures of one round, by name, each in the unit that its row tells. */
export type Figures = Record<string, number>

/** One way to do a row's work: this project ("here"), or a peer. */
export interface Contender {
  readonly name: string
  /** Does the work once and gives its figures. */
  measure(): Promise<Figures>
  /** The most memory that each server process has had, MB of resident set (VmHWM). */
  peakMegabytes?(): Record<string, number>
}

/**
 * `peer` present: the ratio of medians must be at least that, ours to the peer's, or the other way round where less is
 * better; otherwise an absolute bound on ours.
 */
export type Target = { peer: string; ratio: number } | { atMost: number } | { atLeast: number }

export interface Figure {
  readonly title: string
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly targets: Target[]
}

/** What a row has started: its contenders, and the peers that are not installed. */
export interface Prepared extends AsyncDisposable {
  contenders: Contender[]
  missing: string[]
}

export interface Row {
  /** As typed on the command line. */
  readonly name: string
  readonly title: string
  readonly figures: Record<string, Figure>
  readonly rounds: number
  /** Starts what is to be measured; peers that are not installed are named in `missing` instead. Disposed of after the last round. */
  prepare(): Promise<Prepared>
}

/** What a row's rounds gave. */
export interface Measurement {
  row: Row
  rounds: number
  missing: string[]
  /** By contender, then by figure: one value for each round. */
  values: Map<string, Map<string, number[]>>
  /** By contender: MB of each of its server processes. */
  peaks: Map<string, Record<string, number>>
}

/** The name of this project's contender. */
export const HERE = 'here'

/**
 * Measures a row: one round that does not count, then `rounds` that do, the contenders taking turns in each.
 * @param say takes a line of progress
 */
export async function measureRow(
  row: Row,
  rounds: number,
  say: (line: string) => void,
): Promise<Measurement> {
  say(`${row.name}: preparing`)
  await using prepared = await row.prepare()
  const { contenders, missing } = prepared
  const values = new Map(contenders.map(({ name }) => [name, new Map<string, number[]>()]))
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of contenders) {
      // What one has left to be written back must not slow down the next.
      execFileSync('sync')
      const figures = await contender.measure()
      say(
        `${row.name}: ${round === 0 ? 'warm-up' : `round ${round}`}, ${contender.name}: ${describe(row, figures)}`,
      )
      if (round > 0) keep(values.get(contender.name) as Map<string, number[]>, figures)
    }
  }
  const peaks = new Map<string, Record<string, number>>()
  for (const contender of contenders) {
    const peak = contender.peakMegabytes?.()
    if (peak !== undefined) peaks.set(contender.name, peak)
  }
  return { row, rounds, missing, values, peaks }
}

/** The middle of some values; of an even number of them, what is halfway between the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2
}

function keep(values: Map<string, number[]>, figures: Figures): void {
  for (const [name, value] of Object.entries(figures)) {
    values.set(name, [...(values.get(name) ?? []), value])
  }
}

function describe(row: Row, figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value.toPrecision(4)} ${row.figures[name]?.unit ?? ''}`)
    .join(', ')
}
