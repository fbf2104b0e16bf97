import type { Outcome } from './model/register.js'

/** Counts operations, faults and violations of a run. */
export class Figures {
  readonly operations = new Map<string, Record<Outcome, number>>()
  readonly faults = new Map<string, number>()
  readonly skipped = new Set<string>()
  readonly violations: string[] = []
  /** Responses with status 500, by request. */
  readonly failures = new Map<string, number>()

  operation(kind: string, outcome: Outcome): void {
    const counts = this.operations.get(kind) ?? { acknowledged: 0, refused: 0, unknown: 0 }
    counts[outcome] += 1
    this.operations.set(kind, counts)
  }

  fault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1)
  }

  /** Number of operations with this outcome. */
  total(outcome: Outcome): number {
    return [...this.operations.values()].reduce((sum, counts) => sum + counts[outcome], 0)
  }

  /** One line of progress. */
  summary(): string {
    const faults = [...this.faults.values()].reduce((sum, count) => sum + count, 0)
    const outcomes = ['acknowledged', 'refused', 'unknown'] as const
    return `${outcomes.map((one) => `${this.total(one)} ${one}`).join(', ')}, ${faults} faults`
  }

  /** Lists the requests that a server failed with status 500. */
  failed(): string[] {
    return [...this.failures].map(([request, count]) => `${request} returned 500, ${count} times`)
  }
}
