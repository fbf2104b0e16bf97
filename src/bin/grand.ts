#!/usr/bin/env node
import './signals.js'

// Loaded after that: loading is what takes most.
const { join } = await import('node:path')
const { readGrandConfig } = await import('../config/config.js')
const { openGrand } = await import('../app/grand.js')
const { serve } = await import('./serve.js')

await serve('grand', async () => {
  const config = readGrandConfig(process.env)
  const grand = await openGrand(config, { helperProgram: join(import.meta.dirname, 'helper.js') })
  return { ...grand, name: config.name }
})
