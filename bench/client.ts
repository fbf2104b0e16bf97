import { get } from 'node:http'
import { Readable } from 'node:stream'
import { Agent, request } from 'undici'

const BOUNDARY = 'a-boundary-of-the-bench'
const agent = new Agent({ connections: 64 })

/** Somebody with an account, who can talk to every server. */
export class BenchClient {
  readonly #cookie: string

  private constructor(cookie: string) {
    this.#cookie = cookie
  }

  static async register(origin: string): Promise<BenchClient> {
    const username = `bench${Math.random().toString(36).slice(2, 10)}`
    const password = 'correct horse battery'
    await post(`${origin}/register`, { username, email: `${username}@example.org`, password })
    const login = await post(`${origin}/login`, { identifier: username, password })
    return new BenchClient(String(login.headers['set-cookie']).split(';')[0] as string)
  }

  async json(url: string): Promise<Record<string, unknown>> {
    const { body } = await request(url, { dispatcher: agent, headers: { cookie: this.#cookie } })
    return (await body.json()) as Record<string, unknown>
  }

  async upload(origin: string, name: string, chunks: Buffer[]): Promise<{ id: string }> {
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`
    const parts = [Buffer.from(head), ...chunks, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]
    const size = parts.reduce((sum, part) => sum + part.length, 0)
    const { statusCode, body } = await request(`${origin}/upload`, {
      dispatcher: agent,
      method: 'POST',
      headers: {
        cookie: this.#cookie,
        'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
        'content-length': String(size),
      },
      body: chunks.length === 1 ? Buffer.concat(parts) : Readable.from(parts, { objectMode: false }),
    })
    const text = await body.text()
    if (statusCode !== 201) throw new Error(`upload: ${statusCode} ${text}`)
    return JSON.parse(text)
  }

  /** Calls `seen` for every file that a server tells of, when it does; returns the way to stop it. */
  listen(origin: string, seen: (name: string) => void): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const stream = get(`${origin}/events`, { headers: { cookie: this.#cookie } }, (response) => {
        resolve(() => stream.destroy())
        let rest = ''
        response.on('data', (chunk) => {
          const events = (rest + chunk).split('\n\n')
          rest = events.pop() ?? ''
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

async function post(url: string, body: object) {
  const answer = await request(url, {
    dispatcher: agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.body.text()
  if (answer.statusCode >= 300) throw new Error(`${url}: ${answer.statusCode} ${text}`)
  return answer
}
