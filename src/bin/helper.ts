/** Hashes passwords for the server that started it, and exits with it. */
import { hashOrVerify, type Job, type Outcome } from '../app/helper-process.js'
import { argon2 } from '../domain/passwords.js'

// A terminal signals the whole process group. The server still needs this process while it shuts down.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
  process.on(signal, () => undefined)
// `process.exit()` would wait for the passwords in flight.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))

process.on('message', (job: Job) => {
  hashOrVerify(job, argon2).then(
    (value) => respond({ id: job.id, value }),
    (error: Error) => respond({ id: job.id, fault: error.message }),
  )
})

function respond(outcome: Outcome): void {
  if (process.connected) process.send?.(outcome)
}
