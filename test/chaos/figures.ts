import type { Outcome } from './model/register.js'

/** What a run counts and finds. */
export class Figures {
  readonly operations = new Map<string, Record<Outcome, number>>()
  readonly faults = new Map<string, number>()
  readonly leftOut = new Set<string>()
  readonly violations: string[] = []
  /** Answers 500, by what was asked of whom. */
  readonly failures = new Map<string, number>()

  operation(kind: string, outcome: Outcome): void {
    const counts = this.operations.get(kind) ?? { acknowledged: 0, refused: 0, unknown: 0 }
    counts[outcome] += 1
    this.operations.set(kind, counts)
  }

  fault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1)
  }

  /** How many operations came to this end. */
  total(outcome: Outcome): number {
    return [...this.operations.values()].reduce((sum, counts) => sum + counts[outcome], 0)
  }

  /** A line that says how it goes. */
  summary(): string {
    const faults = [...this.faults.values()].reduce((sum, count) => sum + count, 0)
    const outcomes = ['acknowledged', 'refused', 'unknown'] as const
    return `${outcomes.map((one) => `${this.total(one)} ${one}`).join(', ')}, ${faults} faults`
  }

  /** What a server must not answer, whatever happens to it. */
  failed(): string[] {
    return [...this.failures].map(([what, count]) => `${what} was answered 500, ${count} times`)
  }
}
