import { isIP } from 'node:net'
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import { BYTE_UNITS } from '../lib/byte-size.js'
import { DAY_MS } from '../lib/durations.js'
import { isServerName } from '../lib/server-name.js'
import { describeVariables, type Environment, PREFIX, readVariables } from './environment.js'
import { findMisspelled, type KnownVariables, prefixedAlone } from './misspelled.js'

/** Exceeds any disk, and is exact as a JavaScript number. */
const MAX_BYTES = Number.MAX_SAFE_INTEGER

/** Named networks of Fastify's `trustProxy`. */
const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal']

const HOST_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i

const host = Type.Refine(
  Type.String({ default: '127.0.0.1', description: 'an IP address or a host name to listen on' }),
  (value) => isIP(value) !== 0 || HOST_NAME.test(value),
)

function name(fallback: string) {
  return Type.Refine(
    Type.String({
      default: fallback,
      description: 'a lower-case letter and up to 31 more letters, digits or hyphens, and not "ca"',
    }),
    isServerName,
  )
}

function port(fallback: number, minimum = 0) {
  return Type.Integer({
    minimum,
    maximum: 65535,
    default: fallback,
    description: `a port, an integer from ${minimum} to 65535`,
  })
}

function bytes(minimum: number, fallback: number) {
  return Type.Integer({
    minimum,
    maximum: MAX_BYTES,
    default: fallback,
    unit: 'bytes',
    description: `an integer of bytes, ${minimum} or more; ${BYTE_UNITS} may follow it`,
  })
}

function choice<const Values extends string[]>(values: readonly [...Values], fallback: Values[number]) {
  return Type.Enum(values, { default: fallback, description: `one of ${values.join(', ')}` })
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Variables of both kinds of server. */
const shared = {
  HOST: host,
  DATA_DIR: Type.Optional(Type.String({ description: 'a folder' })),
  CERTS_DIR: Type.String({ default: 'certs/dev', description: 'a folder' }),
  MAX_FILE_SIZE: bytes(1, 10 * 1024 ** 3),
  MIN_FREE_DISK: bytes(0, 256 * 1024 ** 2),
  OPERATOR_TOKEN: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9._~+/-]{16,256}=*$',
      secret: true,
      description: '16 to 256 letters, digits or any of . _ ~ + / - (it is sent as a bearer token)',
    }),
  ),
  LOG_LEVEL: choice(LOG_LEVELS, 'info'),
}

const RegionalVariables = Type.Object({
  ...shared,
  NAME: name('eu'),
  PORT: port(5001),
  GRAND_URL: Type.Optional(
    Type.Refine(
      Type.String({ description: 'https://host:port of the grand server, without a path' }),
      (value) => isBareOrigin(value, ['https:']),
    ),
  ),
  TLS_CERT: Type.Optional(Type.String({ description: 'a PEM file' })),
  TLS_KEY: Type.Optional(Type.String({ description: 'a PEM file' })),
  PUBLIC_ORIGIN: Type.Optional(
    Type.Refine(
      Type.String({ description: 'a bare origin such as https://files.example.org, without a path' }),
      (value) => isBareOrigin(value, ['https:', 'http:']),
    ),
  ),
  TRUST_PROXY: Type.Refine(
    Type.String({
      default: 'off',
      description:
        'off, on (one proxy), a number of proxies from 1 to 9, or their addresses or networks, separated by commas',
    }),
    (value) => readTrustedProxies(value) !== undefined,
  ),
  STORAGE_QUOTA: bytes(0, 1024 ** 3),
  REGISTRATION: choice(['open', 'closed'], 'open'),
  ACCOUNT_GRACE_DAYS: Type.Integer({ minimum: 0, maximum: 3650, default: 14 }),
  RATE_LIMITS: choice(['on', 'off'], 'on'),
})

const GrandVariables = Type.Object({
  ...shared,
  NAME: name('grand'),
  PORT: port(9000),
})

/** Variables of `npm start`; the others go to the servers. Port 0 is refused: every regional has to know the grand's port. */
const SphereVariables = Type.Object({
  GRAND_PORT: port(9000, 1),
  EU_PORT: port(5001, 1),
  US_PORT: port(5002, 1),
  AP_PORT: port(5003, 1),
  DATA_DIR: Type.String({ default: 'data', description: 'a folder, which has a subfolder for each server' }),
  CERTS_DIR: shared.CERTS_DIR,
  LOG_LEVEL: choice(LOG_LEVELS, 'warn'),
})

/** Variables that differ on each server of a sphere, so `npm start` sets them. */
export const OF_EACH_SERVER: readonly string[] = ['NAME', 'PORT', 'GRAND_URL']

/** Servers share one environment, so each ignores the variables of the other, of `npm start` and of Compose. */
export const KNOWN_VARIABLES: KnownVariables = {
  servers: Object.keys({ ...RegionalVariables.properties, ...GrandVariables.properties }),
  launchers: ['IMAGE', 'PUBLISH_ADDRESS'],
}

export type LogLevel = Static<typeof shared.LOG_LEVEL>

const PROGRAMS = { regional: RegionalVariables, grand: GrandVariables, sphere: SphereVariables }

export type ServerKind = 'regional' | 'grand'

/** Describes a program's variables for its `--help`. */
export function describeProgram(program: keyof typeof PROGRAMS): string {
  return describeVariables(PROGRAMS[program])
}

/** Proxies whose X-Forwarded-For is believed: none, the nearest N, or those with these addresses. */
export type TrustedProxies = false | number | string[]

export interface GrandConfig {
  name: string
  host: string
  /** 0: a free port. */
  port: number
  dataDir: string
  certsDir: string
  maxFileSizeBytes: number
  minFreeDiskBytes: number
  operatorToken: string | undefined
  logLevel: LogLevel
}

export interface RegionalConfig extends GrandConfig {
  /** The grand server's origin; undefined for a standalone regional. */
  grandUrl: string | undefined
  /** PEM files for HTTPS; undefined for plain HTTP. */
  tls: { certFile: string; keyFile: string } | undefined
  /** The origin that users see behind a reverse proxy. Cookies and the CSRF check depend on it. */
  publicOrigin: string | undefined
  trustProxy: TrustedProxies
  /** Quota of a new account. */
  storageQuotaBytes: number
  registration: 'open' | 'closed'
  /** How long a deleted account stays closed before it is erased. */
  accountGraceMs: number
  rateLimits: boolean
}

/** The environment is not a valid configuration. `faults` has a line for each fault; the message joins them. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/**
 * Reads a regional server's configuration. Pure: it reads no file.
 *
 * @throws ConfigError when a variable is invalid or misspelled
 */
export function readRegionalConfig(env: Environment): RegionalConfig {
  const { values, faults } = readRegionalVariables(env)
  throwFaults(faults)
  const { TLS_CERT, TLS_KEY } = values
  return {
    ...common(values),
    grandUrl: values.GRAND_URL === undefined ? undefined : new URL(values.GRAND_URL).origin,
    tls: TLS_CERT && TLS_KEY ? { certFile: TLS_CERT, keyFile: TLS_KEY } : undefined,
    publicOrigin: values.PUBLIC_ORIGIN === undefined ? undefined : new URL(values.PUBLIC_ORIGIN).origin,
    trustProxy: readTrustedProxies(values.TRUST_PROXY) ?? false,
    storageQuotaBytes: values.STORAGE_QUOTA,
    registration: values.REGISTRATION,
    accountGraceMs: values.ACCOUNT_GRACE_DAYS * DAY_MS,
    rateLimits: values.RATE_LIMITS === 'on',
  }
}

function readRegionalVariables(env: Environment) {
  const { values, faults } = readVariables(RegionalVariables, env)
  const { TLS_CERT, TLS_KEY } = values
  if (TLS_CERT && !TLS_KEY) faults.push(missingPair('TLS_KEY', 'TLS_CERT'))
  if (TLS_KEY && !TLS_CERT) faults.push(missingPair('TLS_CERT', 'TLS_KEY'))
  return { values, faults: [...faults, ...findMisspelled(env, KNOWN_VARIABLES)] }
}

/**
 * Reads the grand server's configuration. Pure: it reads no file.
 *
 * @throws ConfigError when a variable is invalid or misspelled
 */
export function readGrandConfig(env: Environment): GrandConfig {
  const { values, faults } = readVariables(GrandVariables, env)
  throwFaults([...faults, ...findMisspelled(env, KNOWN_VARIABLES)])
  return common(values)
}

export interface SphereConfig {
  /** In the order of their start. */
  servers: { kind: ServerKind; name: string; port: number; portVariable: string }[]
  dataDir: string
  certsDir: string
  /** The grand's URL for the regionals. */
  grandUrl: string
  logLevel: LogLevel
}

/** Reads the folder of the certificates. @throws ConfigError */
export function readCertsDir(env: Environment): string {
  const { values, faults } = readVariables(Type.Object({ CERTS_DIR: shared.CERTS_DIR }), env)
  throwFaults(faults)
  return values.CERTS_DIR
}

/**
 * Reads the configuration of `npm start`, and checks what it passes to the servers. Pure: it reads no file.
 *
 * @throws ConfigError when a variable is invalid or misspelled
 */
export function readSphereConfig(env: Environment): SphereConfig {
  const prefixed = Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith(PREFIX)))
  const { values, faults } = readVariables(SphereVariables, prefixed)
  const own = [...OF_EACH_SERVER, ...Object.keys(SphereVariables.properties)].map(
    (name) => `${PREFIX}${name}`,
  )
  const passed = Object.entries(prefixedAlone(env, KNOWN_VARIABLES).env).filter(
    ([name]) => !own.includes(name),
  )
  // A regional reads all that a grand does.
  throwFaults([...faults, ...readRegionalVariables(Object.fromEntries(passed)).faults])
  return {
    servers: (['GRAND', 'EU', 'US', 'AP'] as const).map((name) => ({
      kind: name === 'GRAND' ? 'grand' : 'regional',
      name: name.toLowerCase(),
      port: values[`${name}_PORT`],
      portVariable: `${PREFIX}${name}_PORT`,
    })),
    dataDir: values.DATA_DIR,
    certsDir: values.CERTS_DIR,
    grandUrl: `https://127.0.0.1:${values.GRAND_PORT}`,
    logLevel: values.LOG_LEVEL,
  }
}

function common(values: Static<typeof GrandVariables>): GrandConfig {
  return {
    name: values.NAME,
    host: values.HOST,
    port: values.PORT,
    dataDir: values.DATA_DIR ?? join('data', values.NAME),
    certsDir: values.CERTS_DIR,
    maxFileSizeBytes: values.MAX_FILE_SIZE,
    minFreeDiskBytes: values.MIN_FREE_DISK,
    operatorToken: values.OPERATOR_TOKEN,
    logLevel: values.LOG_LEVEL,
  }
}

function missingPair(missing: string, given: string): string {
  return `${PREFIX}${missing}: must be set, because ${PREFIX}${given} is`
}

function throwFaults(faults: string[]): void {
  if (faults.length > 0) throw new ConfigError(faults)
}

/** Whether `text` is an origin of one of the protocols: scheme, host, perhaps a port, perhaps a final `/`. */
function isBareOrigin(text: string, protocols: string[]): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const bare = url.href === `${url.origin}/` && !/[?#@\\\s]/.test(text)
  return bare && url.hostname !== '' && protocols.includes(url.protocol)
}

/**
 * No value means "all": believing every X-Forwarded-For would let a client choose its address, and so evade every limit
 * by address. `on` trusts the one proxy that connects.
 */
function readTrustedProxies(text: string): TrustedProxies | undefined {
  if (text === 'off') return false
  if (text === 'on' || text === 'true') return 1
  if (/^[1-9]$/.test(text)) return Number(text)
  const entries = text.split(',').map((entry) => entry.trim())
  return entries.every(isNetwork) ? entries : undefined
}

function isNetwork(text: string): boolean {
  if (NAMED_NETWORKS.includes(text)) return true
  const [address = '', prefix, surplus] = text.split('/')
  const bits = isIP(address) === 6 ? 128 : 32
  const prefixFits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)
  return isIP(address) !== 0 && prefixFits && surplus === undefined
}
