// The one direction of imports: bin → app, operator → http, sync → domain → db, blobs, log → model, with lib below all.
// Run by scripts/check-imports.mjs, part of `npm run lint`.

const NETWORK = '^(node:)?(http|https|http2|net|tls|dgram|dns)(/|$)'

/** A forbidden edge: modules matching `from` must not import modules matching `to`. */
function forbid(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to }
}

/**
 * All that the modules of a folder, or one module, may import of this project and of packages; itself goes without saying.
 * A module in two layers obeys both.
 */
const LAYERS = {
  lib: { packages: ['pino', 'uuidv7'] },
  net: { below: ['lib'] },
  model: { below: ['lib/durations'], packages: ['typebox'] },
  config: { below: ['lib'], packages: ['typebox'] },
  certs: { below: ['config', 'lib'], packages: ['@peculiar/x509', 'pino', 'reflect-metadata'] },
  observability: { below: ['lib'], packages: ['pino', 'prom-client'] },
  'db/engine': { below: ['lib'], packages: ['better-sqlite3', 'kysely'] },
  // The databases of the two kinds of server know nothing of each other.
  'db/grand': {
    below: ['db/(engine|tables)', 'blobs', 'log/change-log', 'model', 'lib'],
    packages: ['kysely'],
  },
  'db/regional': {
    below: ['db/(engine|tables|meta)', 'blobs', 'model', 'lib'],
    packages: ['kysely', 'typebox'],
  },
  'db/search': { below: ['db/(engine|tables)', 'db/regional/files', 'model', 'lib'], packages: ['kysely'] },
  db: { below: ['blobs', 'log', 'model', 'lib'], packages: ['better-sqlite3', 'kysely', 'typebox'] },
  blobs: { below: ['db/(engine|tables|meta)', 'model', 'lib'] },
  log: { below: ['blobs/blob-writer', 'db/(engine|grand|identity|meta)', 'model', 'lib'] },
  // The functions of queries and the types of their rows, not what builds queries.
  domain: {
    below: ['blobs', 'db/(engine/database|regional|search|meta)', 'model', 'lib'],
    packages: ['argon2', 'p-limit'],
  },
  contract: { below: ['domain/caller', 'lib'], packages: ['ajv', 'ajv-formats', 'fastify'] },
  // http and sync share net, and nothing else that knows sockets.
  'http/responses': {
    below: ['http/limits', 'domain', 'net', 'lib'],
    packages: ['@fastify/fast-json-stringify-compiler', 'fastify'],
  },
  'http/guards': {
    below: ['http/(limits|responses)', 'domain', 'net', 'lib'],
    packages: ['@fastify/cookie', 'fastify'],
  },
  'http/events': { below: ['domain', 'net', 'lib'] },
  http: {
    below: ['contract', 'domain', 'model', 'net', 'lib'],
    packages: ['@fastify/[a-z-]+', 'content-disposition', 'fastify', 'pino'],
  },
  'sync/channel': {},
  'sync/protocol': { below: ['model/change'], packages: ['typebox'] },
  'sync/grand': {
    below: [
      'sync/(channel|protocol)',
      'log',
      'blobs',
      'db/(engine/database|grand/log-refs|watermarks)',
      'model',
      'certs',
      'net',
      'lib',
    ],
    packages: ['pino', 'prom-client', 'ws'],
  },
  'sync/regional': {
    below: [
      'sync/(channel|protocol)',
      'domain',
      'log',
      'blobs',
      'db/(engine/database|regional|meta|watermarks)',
      'model',
      'certs',
      'net',
      'lib',
    ],
    packages: ['pino', 'ws'],
  },
  operator: { below: ['app/regional-core', 'config', 'certs', 'domain', 'db', 'lib'] },
  app: {
    below: [
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
    ],
    packages: ['fastify', 'pino'],
  },
  bin: {
    below: ['app', 'operator', 'domain', 'db', 'certs', 'config', 'lib'],
    packages: ['close-with-grace'],
  },
}

const END = '(/|\\.ts$)'

function layer([name, { below = [], packages = [] }]) {
  const own = `^src/(${[name, ...below].join('|')})${END}`
  const installed = `(^|/)node_modules/(@types/)?(${packages.join('|') || '-'})/`
  return forbid(
    `layer-${name}`,
    `${name} imports nothing else of this project and no other package`,
    { path: `^src/${name}${END}` },
    { path: '(^src|(^|/)node_modules)/', pathNot: [own, installed] },
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
    ...Object.entries(LAYERS).map(layer),
    forbid(
      'layers-alone',
      'a new folder or file has to be in a layer, which says what it may import',
      { path: '^src/', pathNot: `^src/(${Object.keys(LAYERS).join('|')})${END}` },
      {},
    ),
    forbid('no-require', 'imports are static', { path: '^src/' }, { path: '^(node:)?module$' }),
    forbid(
      'sockets',
      'storage and the domain know no socket',
      { path: '^src/(lib|model|db|blobs|log|domain|observability)/', pathNot: '^src/lib/process-using' },
      { path: NETWORK },
    ),
    forbid(
      'pure',
      'no I/O: time, randomness and storage are passed in',
      { path: '^src/(model/.*|sync/(protocol|channel))\\.ts$' },
      { dependencyTypes: ['core'], pathNot: '^(node:)?url$' },
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
