#!/usr/bin/env node
import { runCertsCommand } from '../certs/command.js'

try {
  console.log(await runCertsCommand(process.argv.slice(2)))
} catch (error) {
  console.error(`certs: ${(error as Error).message}`)
  process.exitCode = 1
}
