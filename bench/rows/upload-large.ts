import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { BenchClient } from '../client.js'
import { curl } from '../curl.js'
import { installed } from '../installed.js'
import { Nginx } from '../peers/nginx.js'
import { NodePeer } from '../peers/node-peer.js'
import { prepared } from '../prepared.js'
import { writeRandomFile } from '../random-file.js'
import { type Contender, HERE, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { TempFolder } from '../temp-folder.js'

const BYTES = 256 * 1024 ** 2

export const uploadLarge: Row = {
  name: 'upload-large',
  title: 'upload 256 MiB',
  figures: {
    rate: {
      title: 'rate',
      unit: 'MB/s',
      better: 'more',
      targets: [
        { peer: 'nginx PUT', ratio: 0.55 },
        { peer: '@tus/server', ratio: 1.2 },
      ],
    },
  },
  rounds: 5,
  prepare: () =>
    prepared(async (own, missing) => {
      const folder = own(new TempFolder())
      const file = join(folder.path, 'large.bin')
      const sphere = own(await BenchSphere.alone())
      const origin = sphere.url('eu')
      const client = await BenchClient.register(origin)
      /** Times one upload of a blob that no server has. */
      const contender = (name: string, upload: () => Promise<number>) => ({
        name,
        measure: async () => {
          writeRandomFile(file, BYTES)
          const seconds = await upload()
          rmSync(file)
          return { rate: BYTES / 1e6 / seconds }
        },
      })
      const contenders: Contender[] = [
        {
          ...contender(HERE, async () => (await client.uploadFile(origin, file)).seconds),
          peakMegabytes: () => sphere.peakMegabytes(),
        },
      ]
      const command = installed('nginx')
      if (command === undefined) missing.push(Nginx.missing)
      else {
        const nginx = own(await Nginx.start(command))
        contenders.push(contender('nginx PUT', () => putTo(nginx, file)))
      }
      const tus = own(await NodePeer.start('tus'))
      contenders.push(contender('@tus/server', () => sendTo(tus, file)))
      return contenders
    }),
}

async function putTo(nginx: Nginx, file: string): Promise<number> {
  const { seconds } = await curl('--upload-file', file, `${nginx.origin}/put/large.bin`)
  nginx.clear()
  return seconds
}

/** Creates an upload and sends it in one request, as the tus client does. */
async function sendTo(tus: NodePeer, file: string): Promise<number> {
  const version = ['--header', 'Tus-Resumable: 1.0.0']
  const size = ['--header', `Upload-Length: ${BYTES}`]
  const made = await curl(...version, ...size, '--request', 'POST', `${tus.origin}/files`)
  const location = String(/^location: (.+?)\r?$/im.exec(made.text)?.[1])
  const patch = ['--request', 'PATCH', '--header', 'Upload-Offset: 0', '--upload-file', file]
  const type = ['--header', 'Content-Type: application/offset+octet-stream']
  const sent = await curl(...version, ...type, ...patch, location)
  await curl(...version, '--request', 'DELETE', location)
  return made.seconds + sent.seconds
}
