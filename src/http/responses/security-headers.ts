/** What every response carries, whatever it is; a handler may replace `cache-control` and `content-security-policy`. */
export function securityHeaders(secure: boolean): Record<string, string> {
  return {
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    // Nothing of the API is a page; should a browser be made to show a response, it loads and runs nothing.
    'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    ...(secure && { 'strict-transport-security': 'max-age=31536000' }),
  }
}
