import type { FileSystem } from '../blobs/file-system.js'
import { nodeFiles } from '../blobs/node-files.js'
import { type Random, systemRandom } from '../lib/random.js'
import { systemTimers, type Timers } from '../lib/timers.js'

/** The parts of the machine that the simulation replaces; network and database are injected separately. */
export interface Machine {
  /** Milliseconds since 1970. */
  now(): number
  timers: Timers
  random: Random
  files: FileSystem
}

export const thisMachine: Machine = {
  now: Date.now,
  timers: systemTimers,
  random: systemRandom,
  files: nodeFiles,
}
