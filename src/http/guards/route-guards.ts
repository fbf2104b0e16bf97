import type { Access, Caller } from '../../domain/caller.js'
import type { Policy } from './rate-limiter.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Checked before the route's handler. A route without guards is open to anybody and accepts no body. */
    guards?: RouteGuards
  }
  interface FastifyRequest {
    /** Anonymous until the request guards have passed. */
    caller: Caller
  }
}

/** A route's requirements, checked before its request's body is read. */
export interface RouteGuards {
  access: Access
  /** Without it the route accepts no body. */
  body?: RouteBody
  /** Defaults to the general rate limit. */
  rate?: Policy | 'unlimited'
  /** `WWW-Authenticate` of a 401. Defaults to `Bearer`, for which browsers open no dialog. */
  challenge?: string
}

/** The body that a route accepts. */
export interface RouteBody {
  /** In lower case; `ANY_MEDIA_TYPE` includes a body without a type. */
  mediaTypes: readonly string[]
  /**
   * Size limit of a body that Fastify reads as a whole before the handler, within `jsonBodyMs`. Without it the handler
   * gets a stream with a minimum rate (see `receiveBody`).
   */
  maxBytes?: number
}

export const ANY_MEDIA_TYPE = '*/*'

/** For clients that authenticate with username and token. Browsers open a dialog for it, so the API does not use it. */
export const BASIC_CHALLENGE = 'Basic realm="SyncSphere", charset="UTF-8"'

export const OPEN_ACCESS: Access = { anonymous: true, session: false, token: undefined, operator: false }
