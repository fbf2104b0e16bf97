import { randomInt } from 'node:crypto'
import { Client, type ClientRequest, type ClientResponse } from '../support/client.js'
import { cookieOf } from '../support/person.js'
import type { Attempt, Outcome } from './model/register.js'

const PATIENCE_MS = 10_000

/** Statuses that say that nothing was done (openapi.yaml). */
const NOT_DONE = [503, 507]

export interface Tried extends Attempt {
  /** Undefined when none came. */
  response: ClientResponse | undefined
}

/** Asks once, and tells what the asker knows afterwards. @throws Error when the answer breaks the contract */
export async function attempt(
  client: Client,
  method: string,
  path: string,
  { signal, ...asked }: ClientRequest = {},
): Promise<Tried> {
  const began = Date.now()
  const patience = AbortSignal.timeout(PATIENCE_MS)
  const both = signal === undefined ? patience : AbortSignal.any([signal, patience])
  try {
    const response = await client.ask(method, path, { ...asked, signal: both })
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
  /** What the session is known by; undefined when none was opened. */
  headers: Record<string, string> | undefined
}

/** Logs in from an address that nobody used: a password that was changed elsewhere is no attack. */
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

/** A connection that broke, or that was given up; other errors are faults of the answer. */
function isNetworkError(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: string }
  return typeof code === 'string' || name === 'AbortError' || name === 'TimeoutError'
}
