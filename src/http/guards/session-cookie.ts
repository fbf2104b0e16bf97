import { fastifyCookie } from '@fastify/cookie'

/** How the session's secret travels between server and browser. */
export interface SessionCookie {
  name: string
  /** The secret out of a request's Cookie header. */
  read(header: string | undefined): string | undefined
  /** A Set-Cookie header; without `maxAgeSeconds` the browser forgets the cookie when it closes. */
  set(secret: string, maxAgeSeconds?: number): string
  /** A Set-Cookie header that makes the browser forget the cookie. */
  clear(): string
}

/**
 * Reads and writes the cookie; works once a server is built, for the plugin loads its parser when it is registered.
 * @param secure whether users reach the server over HTTPS. The prefix `__Host-` then keeps other hosts of the same
 *   domain from planting a cookie (RFC 6265bis section 4.1.3.2).
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
