// Makes dist/bin out of src/bin: each program with all that it imports in one file, for a server that has to find a
// thousand of them takes twice as long to start. `npm run build` checks the types first.
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'

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
  target: 'node22',
  external: EXTERNAL,
  plugins: [swaggerUi],
  banner: { js: COMMON_JS.trim() },
  legalComments: 'linked',
  logLevel: 'warning',
})
