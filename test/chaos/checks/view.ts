import { Client } from '../../support/client.js'

export interface FileView {
  id: string
  name: string
  folder: string
  visibility: string
  size: number
  sha256: string
  available: boolean
  stored_on: string[]
}

/** What an account sees on one server. */
export interface View {
  me: { id: string; username: string; email: string; used_storage: number }
  files: FileView[]
  /** Ids of the friends. */
  friends: string[]
}

/** Reads everything that the credentials give access to; undefined if they are invalid. */
export async function viewOf(client: Client, headers: Record<string, string>): Promise<View | undefined> {
  const me = await client.get('/me', headers)
  if (me.status === 401) return undefined
  const friends = await all<{ id: string }>(client, '/friends?limit=200', headers)
  return {
    me: me.json as View['me'],
    files: (await all<FileView>(client, '/files?limit=200&sort=created_at', headers)).map((file) => ({
      ...file,
      stored_on: file.stored_on.sort(),
    })),
    friends: friends.map(({ id }) => id).sort(),
  }
}

async function all<T>(client: Client, path: string, headers: Record<string, string>): Promise<T[]> {
  const items: T[] = []
  for (let cursor = ''; ; ) {
    const { json } = await client.get(`${path}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, headers)
    const page = json as { items: T[]; next_cursor: string | null }
    items.push(...page.items)
    if (page.next_cursor === null) return items
    cursor = page.next_cursor
  }
}

/** Opens one client per server. */
export async function withClients<T>(
  urls: Map<string, string>,
  work: (clients: Map<string, Client>) => Promise<T>,
): Promise<T> {
  const clients = new Map([...urls].map(([name, url]) => [name, new Client(() => url, '127.77.7.7')]))
  try {
    return await work(clients)
  } finally {
    for (const client of clients.values()) await client.close()
  }
}
