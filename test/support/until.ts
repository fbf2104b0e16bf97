import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until something holds; fails after a time that is long for all that tests wait for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`)
    await sleep(5)
  }
}
