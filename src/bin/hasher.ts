/** Hashes passwords for the server that started it, and ends with it. */
import { argon2 } from '../domain/passwords.js'
import { type Job, type Outcome, run } from '../hashing-process.js'

// A signal to the whole group, as a terminal sends it, finds the server still answering: it says when this may end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
process.once('disconnect', () => process.exit())

process.on('message', (job: Job) => {
  run(job, argon2).then(
    (value) => answer({ id: job.id, value }),
    (error: Error) => answer({ id: job.id, fault: error.message }),
  )
})

function answer(outcome: Outcome): void {
  if (process.connected) process.send?.(outcome)
}
