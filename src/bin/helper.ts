/** Runs jobs that would block the event loop of the server that started it, and exits with it. */

import { hashOrVerify, type Job, type Outcome } from '../app/helper-process.js'
import { checkpoint } from '../db/engine/checkpoints.js'
import { argon2 } from '../domain/passwords.js'

// A terminal signals the whole process group. The server still needs this process while it shuts down.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
  process.on(signal, () => undefined)
// Databases stay unclosed on purpose (see `checkpoint`).
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))

process.on('message', (job: Job) => {
  runJob(job).then(
    (value) => respond({ id: job.id, value }),
    (error: Error) => respond({ id: job.id, fault: error.message }),
  )
})

async function runJob(job: Job): Promise<string | boolean> {
  if ('password' in job) return hashOrVerify(job, argon2)
  checkpoint(job.database)
  return true
}

function respond(outcome: Outcome): void {
  if (process.connected) process.send?.(outcome)
}
