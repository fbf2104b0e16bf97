import { randomInt } from 'node:crypto'
import { Client, type ClientRequest, type ClientResponse } from '../support/client.js'
import { cookieOf } from '../support/person.js'
import type { Attempt, Outcome } from './model/register.js'

const RESPONSE_TIMEOUT_MS = 10_000

/** Statuses after which a request has certainly had no effect (openapi.yaml). */
const NOT_DONE = [503, 507]

export interface Tried extends Attempt {
  /** Undefined if no response arrived. */
  response: ClientResponse | undefined
}

/** Sends a request once and classifies its outcome. @throws Error if the response violates the contract */
export async function attempt(
  client: Client,
  method: string,
  path: string,
  { signal, ...request }: ClientRequest = {},
): Promise<Tried> {
  const began = Date.now()
  const timeout = AbortSignal.timeout(RESPONSE_TIMEOUT_MS)
  const both = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  try {
    const response = await client.ask(method, path, { ...request, signal: both })
    return { began, ended: Date.now(), outcome: outcomeOf(response.status), response }
  } catch (error) {
    if (!isNetworkError(error)) throw error
    const { code } = error as { code?: string }
    const outcome = code === 'ECONNREFUSED' ? 'refused' : 'unknown'
    return { began, ended: Date.now(), outcome, response: undefined }
  }
}

export interface LoggedIn {
  tried: Tried
  /** The session's header; undefined if the login failed. */
  headers: Record<string, string> | undefined
}

/** Logs in from an unused address: failures with an outdated password must not trigger the throttle. */
export async function logIn(url: () => string, identifier: string, password: string): Promise<LoggedIn> {
  const client = new Client(url, `127.${randomInt(100, 200)}.${randomInt(255)}.${randomInt(1, 255)}`)
  try {
    const tried = await attempt(client, 'POST', '/login', { json: { identifier, password } })
    const isIn = tried.response?.status === 200
    return {
      tried,
      headers: isIn
        ? { cookie: `syncsphere_session=${cookieOf(tried.response as ClientResponse)}` }
        : undefined,
    }
  } finally {
    await client.close()
  }
}

function outcomeOf(status: number): Outcome {
  if (status < 400) return 'acknowledged'
  return status < 500 || NOT_DONE.includes(status) ? 'refused' : 'unknown'
}

/** Whether the connection broke or was aborted; other errors are faults of the response. */
function isNetworkError(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: string }
  return typeof code === 'string' || name === 'AbortError' || name === 'TimeoutError'
}
