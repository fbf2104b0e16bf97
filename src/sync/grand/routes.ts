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
  /** Why the server cannot write to its disk; undefined if it can. */
  storageFault: () => Promise<string | undefined>
  status: () => object
  metrics: () => Promise<string>
  operatorToken: string | undefined
}

/**
 * Routes the grand's HTTPS requests; each needs a connection with a valid certificate. GET /health also works with the
 * grand's own certificate; then GET /status, GET /metrics with the operator's token, and HEAD, GET and PUT of /blobs/<sha256>.
 * @throws RefusedError
 */
export function grandRoutes(deps: RouteDeps): Route {
  return (request, response, peer) => {
    const path = request.url?.split('?')[0] ?? ''
    if (peer === deps.server && path !== '/health')
      throw new RefusedError(403, 'identity', 'the own certificate of the grand allows /health only')
    const sha256 = path.match(BLOB_PATH)?.[1]
    if (sha256 !== undefined) return sendBlob(deps, sha256, request, response, peer)
    if (!['/health', '/status', '/metrics'].includes(path))
      throw new RefusedError(404, 'not-found', 'unknown path')
    assertMethod(request, ['GET', 'HEAD'])
    if (path === '/health') return sendHealth(deps, response)
    if (path === '/status') return sendJson(response, 200, deps.status())
    return sendMetrics(deps, request, response)
  }
}

async function sendHealth(deps: RouteDeps, response: ServerResponse): Promise<void> {
  const { server, version } = deps
  if (deps.closing()) throw new RefusedError(503, 'closing', 'this server is closing')
  const fault = await deps.storageFault()
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
    throw new RefusedError(401, 'unauthenticated', 'this path needs the token of the operator', {
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
  assertMethod(request, ['GET', 'HEAD', 'PUT'])
  if (request.method === 'GET') return downloads.send(sha256, request, response)
  if (request.method === 'PUT') {
    const outcome = await uploads.receive(sha256, peer, request)
    return sendJson(response, outcome === 'stored' ? 201 : 200, { sha256 })
  }
  const progress = await uploads.progress(sha256)
  if (progress === undefined)
    throw new RefusedError(404, 'unknown-blob', 'no change in the log references this blob')
  const { offset, size } = progress
  sendBytes(response, 200, Buffer.alloc(0), {
    [UPLOAD_OFFSET]: String(offset),
    [UPLOAD_LENGTH]: String(size),
  })
}

function assertMethod(request: IncomingMessage, methods: string[]): void {
  if (methods.includes(request.method ?? '')) return
  const headers = { allow: methods.join(', ') }
  throw new RefusedError(405, 'method-not-allowed', `allowed methods: ${headers.allow}`, headers)
}
