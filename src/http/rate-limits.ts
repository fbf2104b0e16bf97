import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Operation } from '../contract/operation.js'
import type { Caller } from '../domain/caller.js'
import { DomainError } from '../domain/errors.js'
import { rateKey } from './client-address.js'
import { type Policy, RateLimiter } from './rate-limiter.js'

/** Operations that a stranger would call often to do harm, each with a limit of its own by address. */
const BY_OPERATION: Record<string, Policy> = {
  loginUser: { name: 'login', quota: 120, windowSeconds: 60 },
  registerUser: { name: 'register', quota: 60, windowSeconds: 60 },
}

/** Everything else, by user or, without login, by address. */
const GENERAL: Policy = { name: 'requests', quota: 6000, windowSeconds: 60 }

/** Counts a request and refuses it when there were too many. */
export interface RateLimits {
  /** @throws DomainError `rate-limited` */
  admit(request: FastifyRequest, reply: FastifyReply, operation: Operation | undefined, caller: Caller): void
}

export function rateLimits(enabled: boolean): RateLimits {
  if (!enabled) return { admit: () => undefined }
  const general = new RateLimiter(GENERAL, Date.now())
  const own = new Map(
    Object.entries(BY_OPERATION).map(([id, policy]) => [id, new RateLimiter(policy, Date.now())]),
  )
  return {
    admit(request, reply, operation, caller) {
      if (operation?.limited === false || caller.kind === 'operator') return
      const limiter = own.get(operation?.id ?? '') ?? general
      const key = 'user_id' in caller ? caller.user_id : rateKey(request)
      const allowance = limiter.take(key, Date.now())
      const { name, quota, windowSeconds } = limiter.policy
      // Structured fields of draft-ietf-httpapi-ratelimit-headers-10.
      reply.header('ratelimit-policy', `"${name}";q=${quota};w=${windowSeconds}`)
      reply.header('ratelimit', `"${name}";r=${allowance.remaining};t=${allowance.resetSeconds}`)
      if (!allowance.refused) return
      throw new DomainError('rate-limited', `At most ${quota} requests in ${windowSeconds} seconds.`, {
        retryAfterSeconds: allowance.resetSeconds,
      })
    },
  }
}
