export type TokenScope = 'read' | 'write'

export interface AnonymousCaller {
  kind: 'anonymous'
}

export interface SessionCaller {
  kind: 'session'
  user_id: string
  session_id: string
  /** RFC 3339, UTC: the login of this session. */
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

/** The authenticated identity of a request. */
export type Caller = AnonymousCaller | SessionCaller | TokenCaller | OperatorCaller

/** The callers that an operation admits. */
export interface Access {
  /** Without credentials. */
  anonymous: boolean
  session: boolean
  /** The scope that a token needs; undefined when no token is admitted. */
  token: TokenScope | undefined
  operator: boolean
}
