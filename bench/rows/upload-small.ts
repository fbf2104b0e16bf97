import { BenchClient } from '../client.js'
import { installed } from '../installed.js'
import { Nginx } from '../peers/nginx.js'
import { prepared } from '../prepared.js'
import { HERE, type Row } from '../row.js'
import { BenchSphere } from '../sphere.js'
import { multipartLoad, putLoad } from '../unique-bodies.js'
import { responsesPerSecond } from '../wrk.js'

export const uploadSmall: Row = {
  name: 'upload-small',
  title: 'upload 4 KiB, durable',
  figures: {
    one: {
      title: '1 connection',
      unit: 'files/s',
      better: 'more',
      targets: [{ peer: 'nginx PUT', ratio: 0.4 }],
    },
    sixteen: {
      title: '16 connections',
      unit: 'files/s',
      better: 'more',
      targets: [{ peer: 'nginx PUT', ratio: 1.25 }],
    },
  },
  rounds: 5,
  prepare: () =>
    prepared(async (own, missing) => {
      const sphere = own(await BenchSphere.alone())
      const origin = sphere.url('eu')
      const { cookie } = await BenchClient.register(origin)
      const here = {
        name: HERE,
        measure: async () => ({
          one: await responsesPerSecond(multipartLoad(origin, cookie, 1)),
          sixteen: await responsesPerSecond(multipartLoad(origin, cookie, 16)),
        }),
        peakMegabytes: () => sphere.peakMegabytes(),
      }
      const command = installed('nginx')
      if (command === undefined) {
        missing.push(Nginx.missing)
        return [here]
      }
      const nginx = own(await Nginx.start(command))
      const measure = async () => {
        const one = await responsesPerSecond(putLoad(nginx.origin, 1))
        nginx.clear()
        const sixteen = await responsesPerSecond(putLoad(nginx.origin, 16))
        nginx.clear()
        return { one, sixteen }
      }
      return [here, { name: 'nginx PUT', measure }]
    }),
}
