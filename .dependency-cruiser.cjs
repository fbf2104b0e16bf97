// The one direction of imports: bin → roots → http, sync → domain → storage → model.
// Run by scripts/check-imports.mjs, part of `npm run lint`.

const NETWORK = '^(node:)?(http|https|http2|net|tls|dgram|dns)(/|$)'
const FRAMEWORKS = 'node_modules/(fastify|@fastify|fastify-plugin|ws|undici)/'
const DATABASE = 'node_modules/(kysely|better-sqlite3|@types/better-sqlite3)/'
const PURE = '^src/(model/.*|sync/protocol)\\.ts$'

/** A forbidden edge: modules matching `from` must not import modules matching `to`. */
function forbid(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to }
}

/** What lies above a layer, and so must not be imported from it. */
function layer(name, path, above) {
  return forbid(
    `layer-${name}`,
    `${name} is imported by these, never the other way round`,
    { path },
    { path: above },
  )
}

module.exports = {
  forbidden: [
    forbid('no-circle', 'the import graph has one direction', {}, { circular: true }),
    forbid('resolvable', 'an import that leads nowhere', {}, { couldNotResolve: true }),
    forbid(
      'runtime-dependencies',
      'what runs in production stands under dependencies in package.json',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'sources-alone',
      'src knows no test and no bench',
      { path: '^src/' },
      { path: '^(test|bench|scripts)/' },
    ),

    forbid(
      'bin-is-the-top',
      'programs are started, not imported',
      { path: '^src/', pathNot: '^src/bin/' },
      { path: '^src/bin/' },
    ),
    forbid(
      'roots-below-bin',
      'only programs put a composition root to use',
      { path: '^src/', pathNot: '^src/(bin/|regional\\.ts$|grand\\.ts$)' },
      { path: '^src/(regional|grand)\\.ts$' },
    ),
    layer('http', '^src/http/', '^src/sync/'),
    layer('guards', '^src/http/guards/', '^src/(contract|http/(api|events))/'),
    layer('responses', '^src/http/responses/', '^src/(contract|http/(guards|api|events))/'),
    layer('contract', '^src/contract/', '^src/(http|sync|storage)/'),
    layer('sync', '^src/sync/', '^src/(http|contract)/'),
    forbid(
      'grand-knows-no-regional',
      'the two ends of the link share only the protocol',
      { path: '^src/sync/grand/' },
      { path: '^src/sync/regional/' },
    ),
    forbid(
      'regional-knows-no-grand',
      'the two ends of the link share only the protocol',
      { path: '^src/sync/regional/' },
      { path: '^src/sync/grand/' },
    ),
    forbid(
      'grand-serves-no-users',
      'the grand is a log and a store of blobs: no users, no HTTP API',
      { path: '^src/(grand\\.ts$|sync/grand/)' },
      { path: '^src/(http|contract|domain)/' },
    ),
    layer('domain', '^src/domain/', '^src/(http|contract|sync)/'),
    forbid(
      'domain-without-sockets',
      'the domain knows no framework and no socket',
      { path: '^src/domain/' },
      { path: [NETWORK, FRAMEWORKS] },
    ),
    layer('storage', '^src/storage/', '^src/(http|contract|sync|domain)/'),
    forbid(
      'database-in-storage',
      'SQL and row types never leave storage',
      { path: '^src/', pathNot: '^src/storage/' },
      { path: DATABASE },
    ),
    forbid(
      'model-stands-alone',
      'the model is pure and knows nothing else',
      { path: '^src/model/' },
      { path: '^src/', pathNot: '^src/model/' },
    ),
    forbid(
      'pure',
      'no I/O: time, randomness and storage are passed in',
      { path: PURE },
      { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|url)$' },
    ),
    forbid(
      'leaves',
      'configuration, observability and certificates know nothing of the servers',
      { path: '^src/(config\\.ts$|environment\\.ts$|observability/|certs/)' },
      { path: '^src/(http|contract|sync|domain|storage)/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
