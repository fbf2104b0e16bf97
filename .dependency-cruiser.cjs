// The one direction of imports: bin → app, operator → http, sync → domain → db, blobs, log → model, with lib below all.
// Run by scripts/check-imports.mjs, part of `npm run lint`.

const NETWORK = '^(node:)?(http|https|http2|net|tls|dgram|dns)(/|$)'
const FRAMEWORKS = 'node_modules/(fastify|@fastify|fastify-plugin|ws|undici)/'
const DATABASE = 'node_modules/(kysely|better-sqlite3|@types/better-sqlite3)/'
const PURE = '^src/(model/.*|sync/protocol)\\.ts$'

/** A forbidden edge: modules matching `from` must not import modules matching `to`. */
function forbid(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to }
}

/** All that the modules of a folder may import of this project; itself goes without saying. */
function layer(name, ...below) {
  return forbid(
    `layer-${name}`,
    `${name} imports nothing else of this project`,
    { path: `^src/${name}/` },
    { path: '^src/', pathNot: `^src/(${[name, ...below].join('|')})(/|\\.ts$)` },
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
    layer('lib'),
    layer('net', 'lib'),
    layer('model', 'lib/durations'),
    layer('config', 'lib'),
    layer('certs', 'config', 'lib'),
    layer('observability', 'lib'),
    layer('db/engine', 'lib'),
    layer('db', 'blobs', 'log', 'model', 'lib'),
    layer('blobs', 'db/(engine|tables|meta)', 'model', 'lib'),
    layer('log', 'blobs/blob-writer', 'db/(engine|grand|identity|meta)', 'model', 'lib'),
    layer('domain', 'blobs', 'db/(engine|regional|search|tables|meta)', 'model', 'lib'),
    layer('contract', 'domain/caller', 'lib'),
    // http and sync share net, and nothing else that knows sockets.
    layer('http/responses', 'http/limits', 'domain', 'net', 'lib'),
    layer('http/guards', 'http/(limits|responses)', 'domain', 'net', 'lib'),
    layer('http/events', 'domain', 'net', 'lib'),
    layer('http', 'contract', 'domain', 'model', 'net', 'lib'),
    layer(
      'sync/grand',
      'sync/[a-z-]+',
      'log',
      'blobs',
      'db/(engine|grand|watermarks)',
      'model',
      'certs',
      'net',
      'lib',
    ),
    layer(
      'sync/regional',
      'sync/[a-z-]+',
      'domain',
      'log',
      'blobs',
      'db/(engine|regional|meta|watermarks)',
      'model',
      'certs',
      'net',
      'lib',
    ),
    forbid(
      'two-ends',
      'the two ends of the link share the protocol and the channel',
      { path: '^src/sync/(grand|regional)/' },
      { path: '^src/sync/(grand|regional)/', pathNot: '^src/sync/$1/' },
    ),
    forbid(
      'two-databases',
      'the databases of the two kinds of server know nothing of each other',
      { path: '^src/db/(grand|regional|search)/' },
      {
        path: '^src/(db/(grand|regional)|log)/',
        pathNot: ['^src/db/$1/', '^src/db/regional/files', '^src/log/change-log'],
      },
    ),
    layer('operator', 'app/regional-core', 'config', 'certs', 'domain', 'db', 'lib'),
    layer(
      'app',
      'http',
      'sync',
      'contract',
      'domain',
      'db',
      'blobs',
      'log',
      'certs',
      'config',
      'observability',
      'net',
      'lib',
    ),
    forbid(
      'sockets',
      'storage and the domain know no framework and no socket',
      { path: '^src/(lib|model|db|blobs|log|domain|observability)/', pathNot: '^src/lib/process-using' },
      { path: [NETWORK, FRAMEWORKS] },
    ),
    forbid(
      'database-in-storage',
      'SQL and row types never leave storage',
      { path: '^src/', pathNot: '^src/(db|blobs|log)/' },
      { path: DATABASE },
    ),
    forbid(
      'pure',
      'no I/O: time, randomness and storage are passed in',
      { path: PURE },
      { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|url)$' },
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
