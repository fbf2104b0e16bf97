export type TokenScope = 'read' | 'write'

export interface AnonymousCaller {
  kind: 'anonymous'
}

export interface SessionCaller {
  kind: 'session'
  user_id: string
  session_id: string
  /** RFC 3339, UTC: when the password was last entered for this session. */
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

/** Who a request speaks for, as established by the HTTP edge. */
export type Caller = AnonymousCaller | SessionCaller | TokenCaller | OperatorCaller

/** Which callers are let in. */
export interface Access {
  /** Also without login. */
  anonymous: boolean
  session: boolean
  /** The least scope of a token; undefined where tokens are not taken. */
  token: TokenScope | undefined
  operator: boolean
}
