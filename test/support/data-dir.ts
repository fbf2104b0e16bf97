import { mkdtemp, rm } from 'node:fs/promises'
import { type ClientRequest, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Person } from './person.js'

/** A data folder that is removed after the test. */
export async function newDataDir(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'crash-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** Opens an upload request whose body the test writes itself. */
export function openUpload(url: string, person: Person, contentType: string, length: number): ClientRequest {
  return request(`${url}/upload`, {
    method: 'POST',
    headers: { ...person.headers, 'content-type': contentType, 'content-length': length },
    agent: false,
  })
}
