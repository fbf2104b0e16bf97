import { randomBytes } from 'node:crypto'
import { BenchClient } from '../client.js'
import { NodePeer } from '../peers/node-peer.js'
import { prepared } from '../prepared.js'
import { HERE, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { responsesPerSecond } from '../wrk.js'

const FILES = 50
const CONNECTIONS = 16
const TARGETS = [{ peer: 'bare Fastify', ratio: 0.5 }]

export const json: Row = {
  name: 'json',
  title: 'JSON, 16 connections, logged in',
  figures: {
    files: { title: `GET /files of ${FILES}`, unit: 'requests/s', better: 'more', targets: TARGETS },
    me: { title: 'GET /me', unit: 'requests/s', better: 'more', targets: TARGETS },
  },
  rounds: 5,
  prepare: () =>
    prepared(async (own) => {
      const sphere = own(await BenchSphere.alone())
      const origin = sphere.url('eu')
      const client = await BenchClient.register(origin)
      await client.uploadAll(origin, FILES, () => randomBytes(100))
      const responses = {
        '/files': await client.json(`${origin}/files`),
        '/me': await client.json(`${origin}/me`),
      }
      const items = responses['/files']['items']
      if (!Array.isArray(items) || items.length !== FILES) throw new Error(`not ${FILES} files`)
      const bare = own(await NodePeer.start('bare-fastify', JSON.stringify(responses)))
      const contender = (name: string, at: string, headers: Record<string, string>) => ({
        name,
        measure: async () => ({
          files: await responsesPerSecond({ url: `${at}/files`, connections: CONNECTIONS, headers }),
          me: await responsesPerSecond({ url: `${at}/me`, connections: CONNECTIONS, headers }),
        }),
      })
      const here = contender(HERE, origin, { Cookie: client.cookie })
      return [
        { ...here, peakMegabytes: () => sphere.peakMegabytes() },
        contender('bare Fastify', bare.origin, {}),
      ]
    }),
}
