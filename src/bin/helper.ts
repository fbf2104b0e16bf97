/** Does for the server that started it what would hold that up, and ends with it. */

import { hashOrVerify, type Job, type Outcome } from '../app/helper-process.js'
import { checkpoint } from '../db/engine/checkpoints.js'
import { argon2 } from '../domain/passwords.js'

// A signal to the whole group, as a terminal sends it, finds the server still answering: it says when this may end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
  process.on(signal, () => undefined)
// Without closing databases (see `checkpoint`).
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))

process.on('message', (job: Job) => {
  done(job).then(
    (value) => respond({ id: job.id, value }),
    (error: Error) => respond({ id: job.id, fault: error.message }),
  )
})

async function done(job: Job): Promise<string | boolean> {
  if ('password' in job) return hashOrVerify(job, argon2)
  checkpoint(job.database)
  return true
}

function respond(outcome: Outcome): void {
  if (process.connected) process.send?.(outcome)
}
