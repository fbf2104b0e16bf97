#!/usr/bin/env node
import './heap.js'

import { readRegionalConfig } from '../config.js'
import { openRegional } from '../regional.js'
import { serve } from './serve.js'

await serve(async () => {
  const config = readRegionalConfig(process.env)
  const regional = await openRegional(config)
  return { ...regional, greeting: `${config.name} serves on ${regional.url}` }
})
