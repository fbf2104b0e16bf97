import type { FastifyReply, FastifyRequest } from 'fastify'
import { DomainError } from '../../domain/errors.js'
import { rateKey } from './client-address.js'
import { type Policy, RateLimiter } from './rate-limiter.js'

/** Counted by user or, without a login, by address. */
const DEFAULT_POLICY: Policy = { name: 'requests', quota: 6000, windowSeconds: 60 }

/** Counts a request. @throws DomainError `rate-limited` */
export type CheckRate = (request: FastifyRequest, reply: FastifyReply, rate?: Policy | 'unlimited') => void

export function rateCheck(enabled: boolean): CheckRate {
  if (!enabled) return () => undefined
  const limiters = new Map<Policy, RateLimiter>()
  const limiterOf = (policy: Policy) => {
    const limiter = limiters.get(policy) ?? new RateLimiter(policy, Date.now())
    limiters.set(policy, limiter)
    return limiter
  }
  return (request, reply, rate = DEFAULT_POLICY) => {
    const { caller } = request
    if (rate === 'unlimited' || caller.kind === 'operator') return
    const key = 'user_id' in caller ? caller.user_id : rateKey(request)
    const { refused, remaining, resetSeconds } = limiterOf(rate).take(key, Date.now())
    const { name, quota, windowSeconds } = rate
    // Structured fields of draft-ietf-httpapi-ratelimit-headers-10.
    reply.header('ratelimit-policy', `"${name}";q=${quota};w=${windowSeconds}`)
    reply.header('ratelimit', `"${name}";r=${remaining};t=${resetSeconds}`)
    if (!refused) return
    const detail = `At most ${quota} requests are allowed in ${windowSeconds} seconds.`
    throw new DomainError('rate-limited', detail, { retryAfterSeconds: resetSeconds })
  }
}
