import { type Chance, systemChance } from './chance.js'
import type { FileSystem } from './storage/file-system.js'
import { nodeFiles } from './storage/node-files.js'
import { systemTimers, type Timers } from './timers.js'

/** All that a server takes from the machine it runs on, but for its network and its database. */
export interface Machine {
  /** Milliseconds since 1970. */
  now(): number
  timers: Timers
  chance: Chance
  files: FileSystem
}

export const thisMachine: Machine = {
  now: Date.now,
  timers: systemTimers,
  chance: systemChance,
  files: nodeFiles,
}
