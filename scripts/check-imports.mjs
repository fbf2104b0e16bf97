// Checks the direction of imports (.dependency-cruiser.cjs). It also fails if it found few modules or imports: a broken
// resolver would report no violations.
import { createRequire } from 'node:module'
import { cruise, format } from 'dependency-cruiser'
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config'

const MODULES_AT_LEAST = 20
const require = createRequire(import.meta.url)
const config = require('../.dependency-cruiser.cjs')

const tsConfig = extractTSConfig('tsconfig.json')
const result = await cruise(['src'], { ...config.options, ruleSet: config, validate: true }, undefined, {
  tsConfig,
})
const { modules, summary } = result.output
const own = modules.filter((module) => module.source.startsWith('src/'))
const edges = own.flatMap((module) => module.dependencies.filter((to) => to.resolved.startsWith('src/')))

process.stdout.write((await format(result.output, { outputType: 'err-long' })).output)
if (summary.error > 0) process.exitCode = 1
if (own.length < MODULES_AT_LEAST || edges.length < MODULES_AT_LEAST) {
  console.error(`imports: found only ${own.length} modules and ${edges.length} imports among them`)
  process.exitCode = 1
}
