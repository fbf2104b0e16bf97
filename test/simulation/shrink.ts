import type { Plan } from './plan.js'

const MAX_RUNS = 400

/**
 * Minimizes a failing plan by delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
 * Input", 2002).
 * @returns the indexes of the remaining items in the original plan
 */
export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<number[]> {
  let remaining = plan.items.map((_, index) => index)
  let runs = 0
  for (let parts = 2; remaining.length > 1 && runs < MAX_RUNS; ) {
    const size = Math.ceil(remaining.length / parts)
    let isSmaller = false
    for (let from = 0; from < remaining.length && runs < MAX_RUNS; from += size) {
      const without = [...remaining.slice(0, from), ...remaining.slice(from + size)]
      runs += 1
      if (without.length === 0 || !(await fails(pickItems(plan, without)))) continue
      remaining = without
      isSmaller = true
      // The next part has moved to this index.
      from -= size
    }
    if (isSmaller) parts = Math.max(2, parts - 1)
    else if (size === 1) break
    else parts = Math.min(remaining.length, parts * 2)
  }
  return remaining
}

/** Reduces a plan to some of its items, at their original times. */
export function pickItems(plan: Plan, indexes: number[]): Plan {
  const wanted = new Set(indexes)
  let passedMs = 0
  const items = plan.items.flatMap((item, index) => {
    passedMs += item.gapMs
    if (!wanted.has(index)) return []
    const gapMs = passedMs
    passedMs = 0
    return [{ ...item, gapMs }]
  })
  return { ...plan, items }
}
