import { get } from 'node:http'
import { Agent, type Dispatcher, request } from 'undici'
import { curl } from './curl.js'
import { PASSWORD } from './seed/seeded.js'
import { until } from './until.js'

const BOUNDARY = 'a-boundary-of-the-bench'

/** Certificates are signed by a temporary authority of the row. */
const agent = new Agent({ connections: 64, connect: { rejectUnauthorized: false } })

/** A client with an account, usable with every server. */
export class BenchClient {
  readonly username: string
  readonly password = PASSWORD
  /** The value of the `cookie` header of its session. */
  readonly cookie: string

  private constructor(username: string, cookie: string) {
    this.username = username
    this.cookie = cookie
  }

  static async register(origin: string): Promise<BenchClient> {
    const username = `bench${Math.random().toString(36).slice(2, 10)}`
    await post(`${origin}/register`, { username, email: `${username}@example.org`, password: PASSWORD })
    return BenchClient.login(origin, username)
  }

  /** Logs in to an existing account with the common password. */
  static async login(origin: string, username: string): Promise<BenchClient> {
    const { headers } = await post(`${origin}/login`, { identifier: username, password: PASSWORD })
    return new BenchClient(username, String(headers['set-cookie']).split(';')[0] as string)
  }

  async json(url: string): Promise<Record<string, unknown>> {
    const { body } = await request(url, { dispatcher: agent, headers: { cookie: this.cookie } })
    return (await body.json()) as Record<string, unknown>
  }

  /** Waits until a server knows this client's session. */
  async waitForSession(origin: string): Promise<void> {
    await until(async () => 'username' in (await this.json(`${origin}/me`)))
  }

  async befriend(origin: string, other: BenchClient): Promise<void> {
    // A request in the other direction accepts the first one.
    await post(`${origin}/friends/request`, { username: other.username }, this.cookie)
    await post(`${origin}/friends/request`, { username: this.username }, other.cookie)
  }

  /** @param fields form fields besides the file */
  async upload(
    origin: string,
    name: string,
    bytes: Buffer,
    fields: Record<string, string> = {},
  ): Promise<{ id: string }> {
    const formFields = Object.entries(fields).map(
      ([field, value]) =>
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
    )
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`
    const { statusCode, body } = await request(`${origin}/upload`, {
      dispatcher: agent,
      method: 'POST',
      headers: { cookie: this.cookie, 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
      body: Buffer.concat([
        Buffer.from(formFields.join('') + head),
        bytes,
        Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
      ]),
    })
    const text = await body.text()
    if (statusCode !== 201) throw new Error(`upload: ${statusCode} ${text}`)
    return JSON.parse(text)
  }

  /** Uploads many small files, 16 concurrently. */
  async uploadAll(origin: string, count: number, bytesOf: () => Buffer): Promise<void> {
    let next = 0
    const worker = async () => {
      while (next < count) {
        if (next > 0 && next % 20_000 === 0) console.error(`  ${next} files uploaded`)
        await this.upload(origin, `file-${next++}.bin`, bytesOf())
      }
    }
    await Promise.all(Array.from({ length: 16 }, worker))
  }

  /** Uploads a file from disk with curl. */
  async uploadFile(origin: string, path: string): Promise<{ id: string; seconds: number }> {
    const form = ['--form', `file=@${path}`]
    const { text, seconds } = await curl('--insecure', '--cookie', this.cookie, ...form, `${origin}/upload`)
    return { id: String(/"id":"([^"]+)"/.exec(text)?.[1]), seconds }
  }

  /**
   * Reads the event stream and calls `seen` with the name of every file in it. Returns a function that closes the
   * stream.
   */
  listen(origin: string, seen: (name: string) => void): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const stream = get(`${origin}/events`, { headers: { cookie: this.cookie } }, (response) => {
        resolve(() => stream.destroy())
        let partialLine = ''
        response.on('data', (chunk) => {
          const events = (partialLine + chunk).split('\n\n')
          partialLine = events.pop() ?? ''
          for (const event of events) {
            const name = /event: file\.created\ndata: .*?"name":"([^"]+)"/.exec(event)?.[1]
            if (name !== undefined) seen(name)
          }
        })
      })
      stream.on('error', reject)
    })
  }
}

async function post(url: string, body: object, cookie = ''): Promise<Dispatcher.ResponseData> {
  const received = await request(url, {
    dispatcher: agent,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(cookie && { cookie }) },
    body: JSON.stringify(body),
  })
  const text = await received.body.text()
  if (received.statusCode >= 300) throw new Error(`${url}: ${received.statusCode} ${text}`)
  return received
}
