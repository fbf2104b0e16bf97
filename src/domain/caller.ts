export type TokenScope = 'read' | 'write'

export interface AnonymousCaller {
  kind: 'anonymous'
}

export interface SessionCaller {
  kind: 'session'
  user_id: string
  session_id: string
  /** RFC 3339, UTC: when the user logged in. */
  session_created_at: string
}

export interface TokenCaller {
  kind: 'token'
  user_id: string
  token_id: string
  /** `write` includes `read`. */
  scope: TokenScope
}

export interface OperatorCaller {
  kind: 'operator'
}

/** The authenticated sender of a request. */
export type Caller = AnonymousCaller | SessionCaller | TokenCaller | OperatorCaller

/** Which kinds of callers an operation admits. */
export interface Access {
  /** Without credentials. */
  anonymous: boolean
  session: boolean
  /** Minimum scope of a token; undefined if tokens are not accepted. */
  token: TokenScope | undefined
  operator: boolean
}
