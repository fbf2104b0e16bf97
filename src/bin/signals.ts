/** Keeps these signals from ending a server. Import it first. */

let reload: (() => void) | undefined
let hasArrived = false

// By default SIGUSR1 opens Node's debugger to all local users, and SIGUSR2 ends the process.
for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => undefined)

process.on('SIGHUP', () => {
  hasArrived = true
  reload?.()
})

/** Calls `run` on each SIGHUP, and at once if one has arrived already. */
export function onHangup(run: () => void): void {
  reload = run
  if (hasArrived) run()
}
