import type { Readable } from 'node:stream'
import { Agent, request } from 'undici'
import { faultsOfResponse } from './contract-check.js'

export interface ClientResponse {
  status: number
  headers: Record<string, string>
  bytes: Buffer
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of its response
  json: any
  /** The status, followed by the slug of a problem: `404 file-not-found`. */
  outcome: string
}

export interface ClientRequest {
  headers?: Record<string, string>
  /** Sent as application/json. */
  json?: unknown
  body?: Buffer | string | Readable | undefined
  signal?: AbortSignal
}

/**
 * An HTTP client with an address of its own. It checks every response against openapi.yaml; an undeclared response
 * fails the request.
 */
export class Client {
  /** The server's origin; a function, because a restarted server has another port. */
  readonly origin: () => string
  readonly #agent: Agent
  /** Sent with every request. */
  headers: Record<string, string> = {}

  /** @param address the client's source address, any of 127.0.0.0/8 */
  constructor(origin: () => string, address = '127.0.0.1') {
    this.origin = origin
    this.#agent = new Agent({ localAddress: address, connections: 64, headersTimeout: 60_000 })
  }

  /** A client of the same server with other credentials. */
  as(headers: Record<string, string>): Client {
    const client = new Client(this.origin)
    client.headers = headers
    return client
  }

  async ask(method: string, path: string, options: ClientRequest = {}): Promise<ClientResponse> {
    const { statusCode, headers, body } = await request(this.origin() + path, {
      dispatcher: this.#agent,
      method: method as 'GET',
      headers: {
        ...this.headers,
        ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      body: options.json === undefined ? (options.body ?? null) : JSON.stringify(options.json),
      ...(options.signal && { signal: options.signal }),
    })
    const bytes = Buffer.from(await body.arrayBuffer())
    const faults = faultsOfResponse({ method, path, status: statusCode, headers, body: bytes })
    if (faults.length > 0) throw new Error(`${method} ${path}: ${faults.join('; ')}`)
    const isJson = /json$/.test(String(headers['content-type']).split(';')[0] ?? '') && bytes.length > 0
    const json = isJson && !path.startsWith('/download') ? JSON.parse(bytes.toString()) : undefined
    const slug = statusCode >= 400 && bytes.length > 0 ? ` ${problemOf(bytes)}` : ''
    return {
      status: statusCode,
      headers: headers as Record<string, string>,
      bytes,
      json,
      outcome: `${statusCode}${slug}`,
    }
  }

  get(path: string, headers: Record<string, string> = {}): Promise<ClientResponse> {
    return this.ask('GET', path, { headers })
  }

  post(path: string, json?: unknown): Promise<ClientResponse> {
    return this.ask('POST', path, { json })
  }

  patch(path: string, json: unknown, headers: Record<string, string> = {}): Promise<ClientResponse> {
    return this.ask('PATCH', path, { json, headers })
  }

  delete(path: string): Promise<ClientResponse> {
    return this.ask('DELETE', path)
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

function problemOf(bytes: Buffer): string {
  return (JSON.parse(bytes.toString()) as { type: string }).type.replace('urn:problem-type:syncsphere:', '')
}
