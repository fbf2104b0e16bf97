#!/usr/bin/env node
import './signals.js'

// Signals are handled before the rest loads, which takes most of the start.
const { join } = await import('node:path')
const { readRegionalConfig } = await import('../config/config.js')
const { openRegional } = await import('../app/regional.js')
const { serve } = await import('./serve.js')

await serve('regional', async () => {
  const config = readRegionalConfig(process.env)
  const regional = await openRegional(config, { helperProgram: join(import.meta.dirname, 'helper.js') })
  return { ...regional, name: config.name }
})
