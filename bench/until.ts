import { setTimeout as sleep } from 'node:timers/promises'

/** Polls a condition; fails after five minutes. */
export async function until(condition: () => Promise<boolean>, everyMs = 5): Promise<void> {
  const deadline = performance.now() + 300_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('condition not met within five minutes')
    await sleep(everyMs)
  }
}
