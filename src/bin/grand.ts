#!/usr/bin/env node
import './heap.js'

import { readGrandConfig } from '../config.js'
import { openGrand } from '../grand.js'
import { serve } from './serve.js'

await serve(async () => {
  const config = readGrandConfig(process.env)
  const grand = await openGrand(config)
  return { ...grand, greeting: `${config.name} serves on ${grand.url}` }
})
