/** The composition root of `syncsphere health`: asks the server that an environment describes how it is. */
import { existsSync } from 'node:fs'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { type RequestOptions, request as requestHttps } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { readPeerTls } from '../certs/peer-tls.js'
import { type GrandConfig, readGrandConfig, readRegionalConfig } from '../config/config.js'
import type { Environment } from '../config/environment.js'

/** Whoever asks every few seconds has to hear in less than that. */
const PATIENCE_MS = 4000

interface Health {
  status?: string
  server?: string
  /** Of a problem document, and of a grand's refusal. */
  detail?: string
  reason?: string
}

/**
 * Asks a server of this machine for its `/health`, as one that reads the same environment. A grand is asked with its own
 * certificate, for it answers nobody without one.
 * @returns a line for the operator
 * @throws Error when it does not answer, is not well, or another server answers in its place
 */
export async function checkHealth(env: Environment): Promise<string> {
  const { config, options } = await describeServer(env)
  if (config.port === 0) throw new Error('SYNCSPHERE_PORT is 0: which port the server took is not known')
  const url = `${options.protocol}//${options.host?.includes(':') ? `[${options.host}]` : options.host}:${config.port}`
  const { status, health } = await ask(url, options)
  const { name } = config
  if (health.server !== undefined && health.server !== name)
    throw new Error(`at ${url} is the server ${health.server}, and not ${name}`)
  if (status !== 200)
    throw new Error(`${name} answers ${status}: ${health.detail ?? health.reason ?? 'it does not say why'}`)
  if (health.server === undefined) throw new Error(`what answers at ${url} is not the server ${name}`)
  return `${name} is ${health.status}`
}

async function describeServer(env: Environment): Promise<{ config: GrandConfig; options: RequestOptions }> {
  const regional = readRegionalConfig(env)
  const isGrand = existsSync(join(regional.dataDir, 'grand.db'))
  const config = isGrand ? readGrandConfig(env) : regional
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[config.host] ?? config.host
  const options = { host, port: config.port, path: '/health', agent: false, timeout: PATIENCE_MS }
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
  // Its certificate is for the name that users know, which need not lead here. Nothing secret is said.
  return { config, options: { ...options, protocol: 'https:', rejectUnauthorized: false } }
}

async function ask(url: string, options: RequestOptions): Promise<{ status: number; health: Health }> {
  const request = options.protocol === 'https:' ? requestHttps : requestHttp
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asking = request(options, resolve)
    asking.on('timeout', () => asking.destroy(new Error(`nothing came for ${PATIENCE_MS / 1000} s`)))
    asking.on('error', (cause) => reject(new Error(`no answer from ${url}: ${cause.message}`, { cause })))
    asking.end()
  })
  return { status: response.statusCode ?? 0, health: parse(await text(response)) }
}

/** What listens there may be anything. */
function parse(body: string): Health {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
