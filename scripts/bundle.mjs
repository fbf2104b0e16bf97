// Makes dist/bin out of src/bin: each program with all that it imports in one file, for a server that has to find a
// thousand of them takes twice as long to start. `npm run build` checks the types first.
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'

/** What finds its own files beside itself stays in node_modules. */
const EXTERNAL = ['argon2', 'better-sqlite3', '@fastify/swagger-ui']

/** Packages written in CommonJS expect these names, which modules do not have. */
const COMMON_JS = `
import { createRequire as createCommonJsRequire } from 'node:module'
const require = createCommonJsRequire(import.meta.url)
const __filename = import.meta.filename
const __dirname = import.meta.dirname
`

/** Programs that other programs start, and nobody else. */
const HELPERS = ['dist/bin/helper.js']

const { bin } = JSON.parse(readFileSync('package.json', 'utf8'))
await build({
  entryPoints: [...Object.values(bin), ...HELPERS].map((program) =>
    program.replace('dist', 'src').replace('.js', '.ts'),
  ),
  outdir: 'dist/bin',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: EXTERNAL,
  banner: { js: COMMON_JS.trim() },
  legalComments: 'linked',
  logLevel: 'warning',
})
