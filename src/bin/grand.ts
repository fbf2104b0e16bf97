#!/usr/bin/env node
import './signals.js'

// Signals are handled before the rest loads, which takes most of the start.
const { readGrandConfig } = await import('../config/config.js')
const { openGrand } = await import('../app/grand.js')
const { serve } = await import('./serve.js')

await serve('grand', async () => {
  const config = readGrandConfig(process.env)
  const grand = await openGrand(config)
  return { ...grand, name: config.name }
})
