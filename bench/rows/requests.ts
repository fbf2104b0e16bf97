import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BenchClient } from '../client.js'
import { curl } from '../curl.js'
import { installed } from '../installed.js'
import { Nginx } from '../peers/nginx.js'
import { prepared } from '../prepared.js'
import { HERE, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { TempFolder } from '../temp-folder.js'
import { responsesPerSecond } from '../wrk.js'

const CONNECTIONS = 16
const BYTES = 4096

const TARGETS = [{ peer: 'nginx', ratio: 0.25 }]

export const rangedRequests: Row = {
  name: 'ranged-requests',
  title: 'a file of 4 KiB, 16 connections, logged in',
  figures: {
    ranged: { title: 'ranged (206)', unit: 'requests/s', better: 'more', targets: TARGETS },
    conditional: { title: 'conditional (304)', unit: 'requests/s', better: 'more', targets: TARGETS },
  },
  rounds: 5,
  prepare: () =>
    prepared(async (own, missing) => {
      const folder = own(new TempFolder())
      const file = join(folder.path, 'small.bin')
      writeFileSync(file, randomBytes(BYTES))
      const sphere = own(await BenchSphere.alone())
      const origin = sphere.url('eu')
      const client = await BenchClient.register(origin)
      const { id } = await client.uploadFile(origin, file)
      const here = {
        ...(await contender(HERE, `${origin}/download/${id}`, { Cookie: client.cookie })),
        peakMegabytes: () => sphere.peakMegabytes(),
      }
      const command = installed('nginx')
      if (command === undefined) {
        missing.push(Nginx.missing)
        return [here]
      }
      const nginx = own(await Nginx.start(command))
      nginx.put('small.bin', file)
      return [here, await contender('nginx', `${nginx.origin}/small.bin`, {})]
    }),
}

async function contender(name: string, url: string, headers: Record<string, string>) {
  const range = { ...headers, Range: 'bytes=0-1023' }
  const { text } = await ask(url, headers)
  const condition = { ...headers, 'If-None-Match': String(/^etag: (.+?)\r?$/im.exec(text)?.[1]) }
  await assertStatus(url, range, 206)
  await assertStatus(url, condition, 304)
  return {
    name,
    measure: async () => ({
      ranged: await responsesPerSecond({ url, connections: CONNECTIONS, headers: range }),
      conditional: await responsesPerSecond({ url, connections: CONNECTIONS, headers: condition }),
    }),
  }
}

/** Checks the status of one request, since wrk does not distinguish successes. */
async function assertStatus(url: string, headers: Record<string, string>, status: number): Promise<void> {
  const { text } = await ask(url, headers)
  if (!text.startsWith(`HTTP/1.1 ${status}`)) throw new Error(`${url} does not return ${status}: ${text}`)
}

function ask(url: string, headers: Record<string, string>) {
  const given = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`])
  return curl(...given, '--output', '-', url)
}
