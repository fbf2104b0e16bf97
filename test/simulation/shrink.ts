import type { Plan } from './plan.js'

/** Runs that shrinking may take. */
const MAX_RUNS = 400

/**
 * Leaves out of a failing plan whatever it fails without (Zeller and Hildebrandt, "Simplifying and Isolating
 * Failure-Inducing Input", 2002).
 * @returns the places of the items that are left, in the plan as it was
 */
export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<number[]> {
  let left = plan.items.map((_, place) => place)
  let runs = 0
  for (let parts = 2; left.length > 1 && runs < MAX_RUNS; ) {
    const size = Math.ceil(left.length / parts)
    let isSmaller = false
    for (let from = 0; from < left.length && runs < MAX_RUNS; from += size) {
      const without = [...left.slice(0, from), ...left.slice(from + size)]
      runs += 1
      if (without.length === 0 || !(await fails(only(plan, without)))) continue
      left = without
      isSmaller = true
      // What stood behind the part stands in its place now.
      from -= size
    }
    if (isSmaller) parts = Math.max(2, parts - 1)
    else if (size === 1) break
    else parts = Math.min(left.length, parts * 2)
  }
  return left
}

/** A plan with some of its items, each at its own time. */
export function only(plan: Plan, places: number[]): Plan {
  const wanted = new Set(places)
  let passedMs = 0
  const items = plan.items.flatMap((item, place) => {
    passedMs += item.gapMs
    if (!wanted.has(place)) return []
    const gapMs = passedMs
    passedMs = 0
    return [{ ...item, gapMs }]
  })
  return { ...plan, items }
}
