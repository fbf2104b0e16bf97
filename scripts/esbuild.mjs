// Makes dist/lib and dist/bin out of src/bin: a bundle of each program with all that it imports, for a server that has to
// find a thousand files takes twice as long to start, and a small file that starts it. Beside them goes the contract.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { load } from 'js-yaml'

/** Native code stays in node_modules. */
const EXTERNAL = ['argon2', 'better-sqlite3']

/** What the pages of /docs are made of stays there too: the plugin is told where, since it is no longer beside them. */
const swaggerUi = {
  name: 'swagger-ui',
  setup({ onLoad }) {
    onLoad({ filter: /swagger-ui\/(index|lib\/routes)\.js$/ }, ({ path }) => {
      const [module] = /@fastify\/swagger-ui\/.*/.exec(path)
      const folder = `require('node:path').dirname(require.resolve('${module}'))`
      return { contents: readFileSync(path, 'utf8').replaceAll('__dirname', folder) }
    })
  },
}

/** Packages written in CommonJS expect these names, which modules do not have. */
const COMMON_JS = `
import { createRequire as createCommonJsRequire } from 'node:module'
const require = createCommonJsRequire(import.meta.url)
const __filename = import.meta.filename
const __dirname = import.meta.dirname
`

/** @param names of programs in src/bin */
export async function bundle(names) {
  await build({
    entryPoints: names.map((name) => `src/bin/${name}.ts`),
    outdir: 'dist/lib',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external: EXTERNAL,
    plugins: [swaggerUi],
    banner: { js: COMMON_JS.trim() },
    legalComments: 'linked',
    logLevel: 'warning',
  })
}

/** Writes the contract as JSON, for a server has no parser of YAML. */
export function writeContract(path) {
  writeFileSync(path, JSON.stringify(load(readFileSync('openapi.yaml', 'utf8'))))
}

/**
 * Writes the files that people start.
 * @param needed the range of Node.js in package.json
 */
export function writeLaunchers(names, needed) {
  mkdirSync('dist/bin', { recursive: true })
  for (const name of names) writeFileSync(`dist/bin/${name}.js`, launcher(name, needed), { mode: 0o755 })
}

/**
 * Looks at the running Node.js before it loads the program. An older one would die of a syntax error in it, or of
 * native code without a word. So this is written in what any since Node.js 10 reads.
 */
function launcher(name, needed) {
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(needed)
  const asked = `Node.js ${major}.${minor} or newer`
  return `#!/usr/bin/env node
var version = process.versions.node.split('.')
if (Number(version[0]) * 1000 + Number(version[1]) >= ${Number(major) * 1000 + Number(minor)}) {
  import('../lib/${name}.js').catch(function (error) {
    // A package is missing, or its native code is not for this machine.
    if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'ERR_DLOPEN_FAILED') throw error
    console.error('${name} cannot be loaded: ' + error.message.split('\\n')[0])
    process.exitCode = 1
  })
} else {
  console.error('${name} needs ${asked}, and this is ' + process.version + '. Where npm ci has brought one: scripts/node dist/bin/${name}.js')
  process.exitCode = 1
}
`
}
