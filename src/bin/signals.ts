/** Signals that must not end a server, from its first moment on. To be imported early. */

let reload: (() => void) | undefined
let isAsked = false

// Else Node would open its debugger to whoever is on the machine, and the other one would end the server.
for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => undefined)

process.on('SIGHUP', () => {
  isAsked = true
  reload?.()
})

/** Runs `run` at each SIGHUP, and at once if one came before. */
export function onHangUp(run: () => void): void {
  reload = run
  if (isAsked) run()
}
