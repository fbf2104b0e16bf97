import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until something holds, looking often; gives up after five minutes. */
export async function until(condition: () => Promise<boolean>, everyMs = 5): Promise<void> {
  const deadline = performance.now() + 300_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('waited for five minutes')
    await sleep(everyMs)
  }
}
