import { fastifyCookie } from '@fastify/cookie'

/** Reads and writes the cookie that holds a session's secret. */
export interface SessionCookie {
  name: string
  /** The secret in a request's Cookie header. */
  read(header: string | undefined): string | undefined
  /** A Set-Cookie header; without `maxAgeSeconds` the browser deletes the cookie when it closes. */
  set(secret: string, maxAgeSeconds?: number): string
  /** A Set-Cookie header that deletes the cookie. */
  clear(): string
}

/**
 * Works only after the registration of @fastify/cookie, which loads its parser.
 * @param secure whether users reach the server over HTTPS. The prefix `__Host-` then prevents other hosts of the same
 *   domain from setting the cookie (RFC 6265bis section 4.1.3.2).
 */
export function sessionCookie(secure: boolean): SessionCookie {
  const name = secure ? '__Host-syncsphere_session' : 'syncsphere_session'
  const options = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const
  return {
    name,
    read: (header) => (header?.includes(name) ? fastifyCookie.parse(header)[name] : undefined),
    set: (secret, maxAgeSeconds) =>
      fastifyCookie.serialize(name, secret, {
        ...options,
        ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
      }),
    clear: () => fastifyCookie.serialize(name, '', { ...options, maxAge: 0 }),
  }
}
