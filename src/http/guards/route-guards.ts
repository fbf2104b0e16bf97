import type { Access, Caller } from '../../domain/caller.js'
import type { Policy } from './rate-limiter.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What is checked before a handler of this route runs. A route without it is open to anybody and takes no body. */
    guards?: RouteGuards
  }
  interface FastifyRequest {
    /** Who calls; anonymous until the request guards have passed. */
    caller: Caller
  }
}

/** What a route of any plugin asks of its requests. All of it is checked before a byte of a body is read. */
export interface RouteGuards {
  access: Access
  /** None is taken without it. */
  body?: RouteBody
  /** How often a caller may come; by default as often as everywhere else. */
  rate?: Policy | 'unlimited'
  /** What a 401 asks for in `WWW-Authenticate`; `Bearer` by default, for which no browser opens a dialog. */
  challenge?: string
}

/** The body that a route takes. */
export interface RouteBody {
  /** In lower case; with `ANY_MEDIA_TYPE` also a body that does not say its type. */
  mediaTypes: readonly string[]
  /**
   * How long it may be if the framework reads it as a whole before the handler runs; it then has to arrive in the time
   * for that. Without it the handler gets a stream, which may take long at a steady rate (see `receiveBody`).
   */
  maxBytes?: number
}

export const ANY_MEDIA_TYPE = '*/*'

/** For a route that asks programs for a username and a token. Browsers open a dialog, so the API never asks for it. */
export const BASIC_CHALLENGE = 'Basic realm="SyncSphere", charset="UTF-8"'

/** Open to anybody. */
export const ANYBODY: Access = { anonymous: true, session: false, token: undefined, operator: false }
