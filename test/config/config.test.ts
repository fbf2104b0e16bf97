import { test } from 'tap'
import { ConfigError, KNOWN_VARIABLES, readGrandConfig, readRegionalConfig } from '../../src/config/config.js'
import { prefixedAlone } from '../../src/config/misspelled.js'

function faultsOf(
  env: Record<string, string | undefined>,
  read: (env: Record<string, string | undefined>) => unknown = readRegionalConfig,
) {
  try {
    read(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

const DAY_MS = 24 * 3600 * 1000

test('An empty environment gives the default configuration', async (t) => {
  t.strictSame(readRegionalConfig({}), {
    name: 'eu',
    host: '127.0.0.1',
    port: 5001,
    dataDir: 'data/eu',
    certsDir: 'certs/dev',
    maxFileSizeBytes: 10 * 1024 ** 3,
    minFreeDiskBytes: 256 * 1024 ** 2,
    operatorToken: undefined,
    logLevel: 'info',
    grandUrl: undefined,
    tls: undefined,
    publicOrigin: undefined,
    trustProxy: false,
    storageQuotaBytes: 1073741824,
    registration: 'open',
    accountGraceMs: 14 * DAY_MS,
    rateLimits: true,
  })
  t.match(readGrandConfig({}), { name: 'grand', host: '127.0.0.1', port: 9000, dataDir: 'data/grand' })
})

test('An empty variable counts as unset', async (t) => {
  const names = [
    'NAME',
    'PORT',
    'GRAND_URL',
    'TLS_CERT',
    'TLS_KEY',
    'OPERATOR_TOKEN',
    'TRUST_PROXY',
    'MAX_FILE_SIZE',
  ]
  t.strictSame(
    readRegionalConfig(Object.fromEntries(names.map((name) => [name, '']))),
    readRegionalConfig({}),
  )
})

/** A value for each variable that differs from its default. */
const EVERY_VARIABLE = {
  NAME: 'us-2',
  HOST: '::1',
  PORT: '0',
  DATA_DIR: '/srv/us',
  GRAND_URL: 'https://grand.example.org:9000/',
  CERTS_DIR: '/etc/syncsphere',
  TLS_CERT: 'users.crt',
  TLS_KEY: 'users.key',
  PUBLIC_ORIGIN: 'https://files.example.org',
  TRUST_PROXY: '10.0.0.0/8, ::1, loopback',
  STORAGE_QUOTA: '5GiB',
  REGISTRATION: 'closed',
  ACCOUNT_GRACE_DAYS: '3',
  MAX_FILE_SIZE: '1048576',
  MIN_FREE_DISK: '64 MiB',
  OPERATOR_TOKEN: '0123456789abcdef',
  RATE_LIMITS: 'off',
  LOG_LEVEL: 'debug',
}

test('Every variable is read', async (t) => {
  const config = readRegionalConfig(EVERY_VARIABLE)
  t.strictSame(config, {
    name: 'us-2',
    host: '::1',
    port: 0,
    dataDir: '/srv/us',
    certsDir: '/etc/syncsphere',
    maxFileSizeBytes: 1048576,
    minFreeDiskBytes: 64 * 1024 ** 2,
    operatorToken: '0123456789abcdef',
    logLevel: 'debug',
    grandUrl: 'https://grand.example.org:9000',
    tls: { certFile: 'users.crt', keyFile: 'users.key' },
    publicOrigin: 'https://files.example.org',
    trustProxy: ['10.0.0.0/8', '::1', 'loopback'],
    storageQuotaBytes: 5 * 1024 ** 3,
    registration: 'closed',
    accountGraceMs: 3 * DAY_MS,
    rateLimits: false,
  })
  t.equal(readRegionalConfig({ TRUST_PROXY: 'on' }).trustProxy, 1)
  t.equal(readRegionalConfig({ TRUST_PROXY: '2' }).trustProxy, 2)
  t.strictSame(readGrandConfig({ NAME: 'hub', PORT: '9443' }).dataDir, 'data/hub')
})

test('A size may have a decimal or binary unit', async (t) => {
  for (const [size, bytes] of [
    ['0', 0],
    ['7KB', 7000],
    ['5 MB', 5e6],
    ['20GB', 20e9],
    ['1 TB', 1e12],
    ['7KiB', 7 * 1024],
    ['5 MiB', 5 * 1024 ** 2],
    ['20GiB', 20 * 1024 ** 3],
    ['1TiB', 1024 ** 4],
  ] as const) {
    t.equal(readRegionalConfig({ STORAGE_QUOTA: size }).storageQuotaBytes, bytes, size)
  }
})

test('A prefixed variable takes precedence over its short name', async (t) => {
  const prefixed = Object.fromEntries(
    Object.entries(EVERY_VARIABLE).map(([name, value]) => [`SYNCSPHERE_${name}`, value]),
  )
  const short = Object.fromEntries(Object.keys(EVERY_VARIABLE).map((name) => [name, '?']))
  t.strictSame(readRegionalConfig(prefixed), readRegionalConfig(EVERY_VARIABLE))
  t.strictSame(readRegionalConfig({ ...short, ...prefixed }), readRegionalConfig(EVERY_VARIABLE))
  t.equal(
    readRegionalConfig({ SYNCSPHERE_PORT: '', PORT: '7000' }).port,
    7000,
    'an empty prefixed variable counts as unset',
  )
})

test('An error names the variable as it was given, and the prefixed name for a short one', async (t) => {
  t.strictSame(faultsOf({ SYNCSPHERE_PORT: 'x' }), [
    'SYNCSPHERE_PORT: must be a port, an integer from 0 to 65535, and is "x"',
  ])
  t.match(faultsOf({ NAME: 'DESKTOP-7' }), [
    /^NAME: must be .*, and is "DESKTOP-7"; SYNCSPHERE_NAME takes precedence over it$/,
  ])
})

test('Variables that Kubernetes and Docker links set for a service named syncsphere are ignored', async (t) => {
  const env = {
    SYNCSPHERE_PORT: 'tcp://10.0.0.11:5001',
    SYNCSPHERE_SERVICE_HOST: '10.0.0.11',
    SYNCSPHERE_SERVICE_PORT: '5001',
    SYNCSPHERE_SERVICE_PORT_HTTP_API: '5001',
    SYNCSPHERE_PORT_80_TCP: 'tcp://10.0.0.11:80',
    SYNCSPHERE_PORT_80_TCP_PROTO: 'tcp',
    SYNCSPHERE_PORT_80_TCP_PORT: '80',
    SYNCSPHERE_PORT_80_TCP_ADDR: '10.0.0.11',
    SYNCSPHERE_PORT_53_UDP: 'udp://10.0.0.11:53',
    SYNCSPHERE_GRAND_PORT: 'tcp://10.0.0.12:9000',
    SYNCSPHERE_GRAND_SERVICE_HOST: '10.0.0.12',
    SYNCSPHERE_EU_FILES_PORT_5001_TCP_ADDR: '10.0.0.13',
    SYNCSPHERE_NAME: '/web/syncsphere',
    SYNCSPHERE_ENV_NODE_VERSION: '24.21.0',
    GRAND_PORT: 'tcp://10.0.0.12:9000',
    DATA_DIR_SERVICE_HOST: '10.0.0.14',
  }
  t.strictSame(readRegionalConfig(env), readRegionalConfig({}))
  t.strictSame(readGrandConfig(env), readGrandConfig({}))
  t.equal(readRegionalConfig({ ...env, PORT: '7000' }).port, 7000)
})

test('Every server accepts the variables of docker-compose.yml and of npm start', async (t) => {
  const names = ['IMAGE', 'PUBLISH_ADDRESS', 'GRAND_PORT', 'EU_PORT', 'SA_PORT']
  t.strictSame(faultsOf(Object.fromEntries(names.map((name) => [`SYNCSPHERE_${name}`, 'x']))), [])
})

test('With prefixed names only, short names are ignored and reported, and foreign names are not', async (t) => {
  const env = {
    HOST: 'x86_64-conda-linux-gnu',
    NAME: 'WSL',
    PROT: '1',
    PATH: '/bin',
    SYNCSPHERE_PORT: '1',
    HOME: '/',
  }
  t.strictSame(prefixedAlone(env, KNOWN_VARIABLES), {
    env: { PATH: '/bin', SYNCSPHERE_PORT: '1', HOME: '/' },
    short: ['HOST', 'NAME'],
  })
  t.match(
    faultsOf(prefixedAlone({ SYNCSHPERE_PORT: '1', SYNCSPHERE_PROT: '1' }, KNOWN_VARIABLES).env),
    [/^SYNCSHPERE_PORT: unknown/, /^SYNCSPHERE_PROT: unknown/],
    'misspelled prefixed names are still reported',
  )
})

const IMPOSSIBLE: Record<string, string[]> = {
  NAME: ['EU', '1eu', 'a_b', '../x', 'a'.repeat(33), 'ca', 'eu\n'],
  HOST: ['a b', '-', 'http://x', '::1::'],
  PORT: ['65536', '-1', '80.5', '0x50', '1e3', ' 80', '80KiB', 'http'],
  GRAND_URL: [
    'grand:9000',
    'http://grand:9000',
    'wss://grand',
    'https://',
    'https://user:secret@grand',
    'https://grand/path',
    'https://grand?x',
    'https://grand#',
  ],
  PUBLIC_ORIGIN: ['files.example.org', 'https://files.example.org/app', 'ftp://x', 'null', 'https://a b'],
  TRUST_PROXY: ['all', '0', '10', '10.0.0.0/33', '10.0.0', '::1/129', '10.0.0.1,', '*'],
  STORAGE_QUOTA: ['-1', '1.5', '1Gb', '1 gib', '1  GB', '9007199254740992', '99999999999TiB', 'unlimited'],
  MAX_FILE_SIZE: ['0', '-5', 'x'],
  MIN_FREE_DISK: ['-1', '10%'],
  REGISTRATION: ['Open', 'yes'],
  ACCOUNT_GRACE_DAYS: ['-1', '1.5', 'never', '3651'],
  RATE_LIMITS: ['true', '0'],
  LOG_LEVEL: ['loud', 'INFO'],
  OPERATOR_TOKEN: ['short', 'fifteen-letters', 'sixteen letters!', 'é'.repeat(16)],
}

test('Each invalid value is reported in one line that names its variable', async (t) => {
  for (const [name, values] of Object.entries(IMPOSSIBLE)) {
    for (const value of values) {
      const faults = faultsOf({ [name]: value })
      t.equal(faults.length, 1, `${name}=${JSON.stringify(value)}`)
      t.match(faults[0], new RegExp(`^${name}: must be .+$`))
      t.notOk(faults[0]?.includes('\n'))
    }
  }
})

test('All errors are reported at once', async (t) => {
  const env = Object.fromEntries(Object.entries(IMPOSSIBLE).map(([name, [value]]) => [name, value ?? '']))
  const faults = faultsOf(env)
  t.equal(faults.length, Object.keys(IMPOSSIBLE).length)
  t.throws(() => readRegionalConfig(env), { message: faults.join('\n') })
})

test('An error does not repeat the value of a secret', async (t) => {
  t.notMatch(faultsOf({ OPERATOR_TOKEN: 'hunter2' })[0], 'hunter2')
})

test('A certificate without its key, or a key without its certificate, is an error', async (t) => {
  t.strictSame(faultsOf({ TLS_CERT: 'a.crt' }), [
    'SYNCSPHERE_TLS_KEY: must be set, because SYNCSPHERE_TLS_CERT is',
  ])
  t.strictSame(faultsOf({ TLS_KEY: 'a.key' }), [
    'SYNCSPHERE_TLS_CERT: must be set, because SYNCSPHERE_TLS_KEY is',
  ])
})

test('A misspelled variable is an error that names the intended one', async (t) => {
  const misspelled: Record<string, string> = {
    STORAGE_QOUTA: 'STORAGE_QUOTA',
    STORAGE_QUOTAS: 'STORAGE_QUOTA',
    MAXFILESIZE: 'MAX_FILE_SIZE',
    max_file_size: 'MAX_FILE_SIZE',
    DATADIR: 'DATA_DIR',
    'grand-url': 'GRAND_URL',
    TSL_KEY: 'TLS_KEY',
    PROT: 'PORT',
    NMAE: 'NAME',
    SYNCSPHERE_PORTS: 'PORT',
    SYNCSPHERE_GRAND_URI: 'GRAND_URL',
    SYNCSPHERE_MAXFILESIZE: 'MAX_FILE_SIZE',
    SYNCSPHERE_PUBLISH_ADRESS: 'PUBLISH_ADDRESS',
    SYNCSHPERE_PORT: 'PORT',
    SYNC_SPHERE_GRAND_URL: 'GRAND_URL',
    syncsphere_data_dir: 'DATA_DIR',
  }
  for (const [name, meant] of Object.entries(misspelled)) {
    t.strictSame(faultsOf({ [name]: 'x' }), [`${name}: unknown; is SYNCSPHERE_${meant} meant?`])
    t.strictSame(faultsOf({ [name]: 'x' }, readGrandConfig), [
      `${name}: unknown; is SYNCSPHERE_${meant} meant?`,
    ])
  }
  t.match(faultsOf({ SYNCSPHERE_COLOUR: 'red' }), [/^SYNCSPHERE_COLOUR: unknown/])
})

test('Variables of shells, systems, containers and other programs are ignored', async (t) => {
  const others = `PATH HOME PWD OLDPWD USER LOGNAME SHELL SHLVL TERM TZ LANG LC_ALL LANGUAGE MAIL EDITOR PAGER VISUAL DISPLAY
    HOSTNAME HOSTTYPE MACHTYPE OSTYPE PS1 IFS TMP TEMP TMPDIR UID EUID GID CI DEBUG COLUMNS LINES _ XDG_DATA_DIRS XDG_RUNTIME_DIR
    NODE_ENV NODE_OPTIONS NODE_PATH npm_config_cache npm_package_name npm_lifecycle_event INIT_CWD SSL_CERT_DIR SSL_CERT_FILE
    SSL_KEY SSL_CERT GPG_KEY SSH_KEY API_KEY DATABASE_URL SYNCTHING_PORT IMAGE REDIS_URL BASE_URL JAVA_DIR DATA_DIRS_X SSH_AUTH_SOCK INVOCATION_ID
    JOURNAL_STREAM NOTIFY_SOCKET LISTEN_FDS KUBERNETES_SERVICE_HOST KUBERNETES_PORT HTTP_PROXY HTTPS_PROXY NO_PROXY`
  const env = Object.fromEntries(others.split(/\s+/).map((name) => [name, 'x']))
  t.strictSame(faultsOf(env), [])
  t.strictSame(faultsOf({ PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }), [])
})

test('A regional and a grand can share one environment', async (t) => {
  t.doesNotThrow(() =>
    readGrandConfig({ GRAND_URL: 'https://grand:9000', STORAGE_QUOTA: '1GiB', RATE_LIMITS: 'off' }),
  )
})
