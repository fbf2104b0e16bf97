import { join } from 'node:path'
import { BenchClient } from '../client.js'
import { timeDownload } from '../download.js'
import { installed } from '../installed.js'
import { Nginx } from '../peers/nginx.js'
import { prepared } from '../prepared.js'
import { writeRandomFile } from '../random-file.js'
import { HERE, type Prepared, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { TempFolder } from '../temp-folder.js'

const BYTES = 1024 ** 3

export const downloadHttp: Row = {
  name: 'download-http',
  title: 'download 1 GiB, HTTP',
  figures: {
    rate: { title: 'rate', unit: 'MB/s', better: 'more', targets: [{ peer: 'nginx', ratio: 0.95 }] },
  },
  rounds: 5,
  prepare: () => prepare(false),
}

export const downloadTls: Row = {
  name: 'download-tls',
  title: 'download 1 GiB, HTTPS',
  figures: {
    rate: { title: 'rate', unit: 'MB/s', better: 'more', targets: [{ peer: 'nginx', ratio: 1 }] },
  },
  rounds: 5,
  prepare: () => prepare(true),
}

/** Both contenders serve the same file. */
function prepare(https: boolean): Promise<Prepared> {
  return prepared(async (own, missing) => {
    const folder = own(new TempFolder())
    const file = join(folder.path, 'large.bin')
    writeRandomFile(file, BYTES)
    const sphere = own(await BenchSphere.alone({ https }))
    const origin = sphere.url('eu')
    const client = await BenchClient.register(origin)
    const { id } = await client.uploadFile(origin, file)
    const contender = (name: string, url: string, headers: Record<string, string>) => ({
      name,
      measure: async () => ({ rate: BYTES / 1e6 / (await timeDownload(url, BYTES, headers)) }),
    })
    const here = {
      ...contender(HERE, `${origin}/download/${id}`, { cookie: client.cookie }),
      peakMegabytes: () => sphere.peakMegabytes(),
    }
    const command = installed('nginx')
    if (command === undefined) {
      missing.push(Nginx.missing)
      return [here]
    }
    const nginx = own(await Nginx.start(command, https ? sphere.certificate('eu') : undefined))
    nginx.put('large.bin', file)
    return [here, contender('nginx', `${nginx.origin}/large.bin`, {})]
  })
}
