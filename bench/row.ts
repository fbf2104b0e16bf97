import { execFileSync } from 'node:child_process'

/** Figures of one round by name, each in the unit that the row declares. */
export type Figures = Record<string, number>

/** One implementation of a row's work: this project ("here") or a peer. */
export interface Contender {
  readonly name: string
  /** Does the work once and returns its figures. */
  measure(): Promise<Figures>
  /** Peak resident memory (VmHWM) of each server process, in MB. */
  peakMegabytes?(): Record<string, number>
}

/**
 * With a `peer`: the smallest permitted ratio of medians, of ours to the peer's, or inverted if less is better.
 * Otherwise an absolute bound on our median.
 */
export type Target = { peer: string; ratio: number } | { atMost: number } | { atLeast: number }

export interface Figure {
  readonly title: string
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly targets: Target[]
}

/** The started contenders of a row, and the peers that are not installed. */
export interface Prepared extends AsyncDisposable {
  contenders: Contender[]
  missing: string[]
}

export interface Row {
  /** Its name on the command line. */
  readonly name: string
  readonly title: string
  readonly figures: Record<string, Figure>
  readonly rounds: number
  /** Starts the contenders; peers that are not installed go to `missing`. Disposed of after the last round. */
  prepare(): Promise<Prepared>
}

/** The results of a row's rounds. */
export interface Measurement {
  row: Row
  rounds: number
  missing: string[]
  /** By contender, then by figure: one value per round. */
  values: Map<string, Map<string, number[]>>
  /** By contender: peak memory in MB of each server process. */
  peaks: Map<string, Record<string, number>>
}

/** The name of this project's contender. */
export const HERE = 'here'

/**
 * Measures a row: a warm-up round, then `rounds` rounds in which the contenders alternate.
 * @param say receives lines of progress
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
      // Dirty pages of one contender must not slow down the next.
      execFileSync('sync')
      const figures = await contender.measure()
      say(
        `${row.name}: ${round === 0 ? 'warm-up' : `round ${round}`}, ${contender.name}: ${describe(row, figures)}`,
      )
      if (round > 0) appendValues(values.get(contender.name) as Map<string, number[]>, figures)
    }
  }
  const peaks = new Map<string, Record<string, number>>()
  for (const contender of contenders) {
    const peak = contender.peakMegabytes?.()
    if (peak !== undefined) peaks.set(contender.name, peak)
  }
  return { row, rounds, missing, values, peaks }
}

/** The median; of an even number of values, the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2
}

function appendValues(values: Map<string, number[]>, figures: Figures): void {
  for (const [name, value] of Object.entries(figures)) {
    values.set(name, [...(values.get(name) ?? []), value])
  }
}

function describe(row: Row, figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value.toPrecision(4)} ${row.figures[name]?.unit ?? ''}`)
    .join(', ')
}
