import type { IncomingMessage, ServerResponse } from 'node:http'
import { equalInConstantTime } from '../../lib/constant-time.js'
import { UPLOAD_LENGTH, UPLOAD_OFFSET } from '../protocol.js'
import type { Downloads } from './downloads.js'
import { RefusedError, sendBytes, sendJson, unavailable } from './responses.js'
import type { Route } from './server.js'
import type { Uploads } from './uploads.js'

const BLOB_PATH = /^\/blobs\/([0-9a-f]{64})$/

export interface RouteDeps {
  server: string
  version: string
  uploads: Uploads
  downloads: Downloads
  closing: () => boolean
  /** What keeps it from storing anything. */
  storageFault: () => Promise<string | undefined>
  status: () => object
  metrics: () => Promise<string>
  operatorToken: string | undefined
}

/**
 * The requests that the grand answers, each only over a connection with a valid certificate:
 * GET /health, also with the grand's own; GET /status; GET /metrics with the operator's token; HEAD, GET and PUT of /blobs/<sha256>.
 * A refusal is JSON: `code` and `reason`.
 */
export function grandRoutes(options: RouteDeps): Route {
  return (request, response, peer) => {
    const path = request.url?.split('?')[0] ?? ''
    if (peer === options.server && path !== '/health')
      throw new RefusedError(
        403,
        'identity',
        'with its own certificate the grand is asked for its health alone',
      )
    const sha256 = path.match(BLOB_PATH)?.[1]
    if (sha256 !== undefined) return sendBlob(options, sha256, request, response, peer)
    if (!['/health', '/status', '/metrics'].includes(path))
      throw new RefusedError(404, 'not-found', 'nothing is here')
    allow(request, ['GET', 'HEAD'])
    if (path === '/health') return sendHealth(options, response)
    if (path === '/status') return sendJson(response, 200, options.status())
    return sendMetrics(options, request, response)
  }
}

async function sendHealth(options: RouteDeps, response: ServerResponse): Promise<void> {
  const { server, version } = options
  if (options.closing()) throw new RefusedError(503, 'closing', 'this server is closing')
  const fault = await options.storageFault()
  if (fault !== undefined) throw unavailable(fault)
  sendJson(response, 200, { status: 'ok', server, version })
}

async function sendMetrics(
  { operatorToken, metrics }: RouteDeps,
  { headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (operatorToken === undefined)
    throw new RefusedError(404, 'not-found', 'no SYNCSPHERE_OPERATOR_TOKEN is configured')
  if (!equalInConstantTime(headers.authorization ?? '', `Bearer ${operatorToken}`)) {
    throw new RefusedError(401, 'unauthenticated', 'the token of the operator is needed', {
      'www-authenticate': 'Bearer',
    })
  }
  sendBytes(response, 200, Buffer.from(await metrics()), {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
  })
}

async function sendBlob(
  { uploads, downloads }: RouteDeps,
  sha256: string,
  request: IncomingMessage,
  response: ServerResponse,
  peer: string,
): Promise<void> {
  allow(request, ['GET', 'HEAD', 'PUT'])
  if (request.method === 'GET') return downloads.send(sha256, request, response)
  if (request.method === 'PUT') {
    const outcome = await uploads.receive(sha256, peer, request)
    return sendJson(response, outcome === 'stored' ? 201 : 200, { sha256 })
  }
  const progress = await uploads.progress(sha256)
  if (progress === undefined)
    throw new RefusedError(404, 'unknown-blob', 'no file of the log names these bytes')
  const { offset, size } = progress
  sendBytes(response, 200, Buffer.alloc(0), {
    [UPLOAD_OFFSET]: String(offset),
    [UPLOAD_LENGTH]: String(size),
  })
}

function allow(request: IncomingMessage, methods: string[]): void {
  if (methods.includes(request.method ?? '')) return
  const headers = { allow: methods.join(', ') }
  throw new RefusedError(405, 'method-not-allowed', `allowed: ${headers.allow}`, headers)
}
