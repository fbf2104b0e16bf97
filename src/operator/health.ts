/** `syncsphere health`: checks the server that the environment configures. */
import { existsSync } from 'node:fs'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { type RequestOptions, request as requestHttps } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { readPeerTls } from '../certs/peer-tls.js'
import { type GrandConfig, readGrandConfig, readRegionalConfig } from '../config/config.js'
import type { Environment } from '../config/environment.js'

/** Less than the interval of container health checks. */
const TIMEOUT_MS = 4000

interface Health {
  status?: string
  server?: string
  /** `detail` of a problem document, `reason` of a grand's error. */
  detail?: string
  reason?: string
}

/**
 * Requests `/health` of a server on this machine with the same environment. A grand requires a client certificate, so the
 * request uses the grand's own.
 * @returns a line for the operator
 * @throws Error when the server does not respond, is unhealthy, or is another server
 */
export async function checkHealth(env: Environment): Promise<string> {
  const { config, options } = await describeServer(env)
  if (config.port === 0) throw new Error('SYNCSPHERE_PORT is 0, so the port of the server is unknown')
  const url = `${options.protocol}//${options.host?.includes(':') ? `[${options.host}]` : options.host}:${config.port}`
  const { status, health } = await fetchHealth(url, options)
  const { name } = config
  if (health.server !== undefined && health.server !== name)
    throw new Error(`the server at ${url} is ${health.server}, not ${name}`)
  if (status !== 200)
    throw new Error(
      `${name} responds with ${status}: ${health.detail ?? health.reason ?? 'without a reason'}`,
    )
  if (health.server === undefined) throw new Error(`${url} is not the server ${name}`)
  return `${name} is ${health.status}`
}

async function describeServer(env: Environment): Promise<{ config: GrandConfig; options: RequestOptions }> {
  const regional = readRegionalConfig(env)
  const isGrand = existsSync(join(regional.dataDir, 'grand.db'))
  const config = isGrand ? readGrandConfig(env) : regional
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[config.host] ?? config.host
  const options = { host, port: config.port, path: '/health', agent: false, timeout: TIMEOUT_MS }
  if (isGrand) {
    const { name } = config
    return {
      config,
      options: {
        ...options,
        protocol: 'https:',
        ...(await readPeerTls(config.certsDir, name)),
        servername: name,
      },
    }
  }
  if (regional.tls === undefined) return { config, options: { ...options, protocol: 'http:' } }
  // The certificate is for the public name, not for this address. The request has no secret.
  return { config, options: { ...options, protocol: 'https:', rejectUnauthorized: false } }
}

async function fetchHealth(
  url: string,
  options: RequestOptions,
): Promise<{ status: number; health: Health }> {
  const request = options.protocol === 'https:' ? requestHttps : requestHttp
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(options, resolve)
    sent.on('timeout', () => sent.destroy(new Error(`timed out after ${TIMEOUT_MS / 1000} s`)))
    sent.on('error', (cause) => reject(new Error(`no response from ${url}: ${cause.message}`, { cause })))
    sent.end()
  })
  return { status: response.statusCode ?? 0, health: parse(await text(response)) }
}

/** Any program may listen there. */
function parse(body: string): Health {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
