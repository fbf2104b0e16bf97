import { createHash } from 'node:crypto'
import { Client, type ClientRequest, type ClientResponse } from './client.js'
import { fieldPart, filePart, formOf } from './multipart.js'

export interface UploadOptions {
  name?: string
  mediaType?: string
  folder?: string
  visibility?: 'private' | 'friends' | 'public'
  sha256?: string
}

/** A client with an account. */
export class Person extends Client {
  readonly username: string
  readonly email: string
  password = 'correct horse battery'
  id = ''
  /** The cookie's value. */
  session = ''

  constructor(origin: () => string, username: string, address?: string) {
    super(origin, address)
    this.username = username
    this.email = `${username.toLowerCase()}@example.com`
  }

  async register(): Promise<void> {
    const { username, email, password } = this
    const response = await this.post('/register', { username, email, password })
    if (response.status !== 201) throw new Error(`${username} could not register: ${response.outcome}`)
    this.id = response.json.id as string
  }

  async logIn(): Promise<void> {
    const response = await this.ask('POST', '/login', {
      json: { identifier: this.username, password: this.password },
      headers: { cookie: '' },
    })
    if (response.status !== 200) throw new Error(`${this.username} could not log in: ${response.outcome}`)
    this.id = response.json.user.id as string
    this.session = cookieOf(response)
    this.headers = { cookie: `syncsphere_session=${this.session}` }
  }

  /** Creates an API token; returns its secret. */
  async token(scope: 'read' | 'write', name = scope): Promise<string> {
    return (await this.post('/tokens', { name, scope })).json.token as string
  }

  upload(
    bytes: Buffer | string,
    options: UploadOptions = {},
    asked: ClientRequest = {},
  ): Promise<ClientResponse> {
    const { name = 'file.bin', mediaType, ...fields } = options
    const form = formOf([
      ...Object.entries(fields).map(([field, value]) => fieldPart(field, value)),
      filePart(name, bytes, mediaType),
    ])
    return this.ask('POST', '/upload', {
      ...asked,
      body: form.body,
      headers: { 'content-type': form.contentType, ...asked.headers },
    })
  }

  /** Uploads a file, which must succeed; returns the file. */
  async put(
    bytes: Buffer | string,
    options: UploadOptions = {},
  ): Promise<{ id: string; name: string; size: number }> {
    const response = await this.upload(bytes, options)
    if (response.status !== 201) throw new Error(`upload: ${response.outcome} ${response.json?.detail}`)
    return response.json as { id: string; name: string; size: number }
  }

  async usedStorage(): Promise<number> {
    return (await this.get('/me')).json.used_storage as number
  }

  /** Makes two accounts friends. */
  async befriend(other: Person): Promise<void> {
    const requested = await this.post('/friends/request', { username: other.username })
    const accepted = await other.post(`/friends/accept/${requested.json.id as string}`)
    if (accepted.status !== 200) throw new Error(`befriend: ${requested.outcome}, ${accepted.outcome}`)
  }
}

export function cookieOf(response: ClientResponse): string {
  return /syncsphere_session=([^;]*)/.exec(String(response.headers['set-cookie']))?.[1] ?? ''
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
