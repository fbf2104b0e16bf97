import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { freePort, ServerProcess } from '../server-process.js'
import { TempFolder } from '../temp-folder.js'
import { until } from '../until.js'

const FOLDER = 'bench'

interface Device {
  home: string
  data: string
  gui: number
  listen: number
  id: string
  key: string
}

/** Two Syncthing devices on loopback that share a folder and scan on request instead of watching it. */
export class SyncthingPair implements AsyncDisposable {
  static readonly missing = 'Syncthing (Debian package syncthing)'

  readonly #folder = new TempFolder()
  readonly #servers: ServerProcess[] = []
  #devices: [Device, Device] | undefined

  /** Resolves once the devices are connected. */
  static async start(command: string): Promise<SyncthingPair> {
    const pair = new SyncthingPair()
    try {
      await pair.#start(command)
    } catch (error) {
      await pair[Symbol.asyncDispose]()
      throw error
    }
    return pair
  }

  /** The folder of the sending device. */
  get source(): string {
    return this.#both[0].data
  }

  /** The folder of the receiving device. */
  get destination(): string {
    return this.#both[1].data
  }

  /** Makes the sending device scan for changes; resolves once it has. `sub` is the path of the changed file. */
  async scan(sub?: string): Promise<void> {
    const subfolder = sub === undefined ? '' : `&sub=${encodeURIComponent(sub)}`
    await call(this.#both[0], 'POST', `/rest/db/scan?folder=${FOLDER}${subfolder}`)
  }

  /** Returns seconds from the scan request until the receiving device has this many bytes. */
  async timeToSync(bytes: number): Promise<number> {
    const began = performance.now()
    await this.scan()
    await until(async () => {
      const status = await call(this.#both[1], 'GET', `/rest/db/status?folder=${FOLDER}`)
      return status['inSyncBytes'] === bytes && status['state'] === 'idle' && status['globalBytes'] === bytes
    }, 20)
    return (performance.now() - began) / 1000
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }

  get #both(): [Device, Device] {
    return this.#devices as [Device, Device]
  }

  async #start(command: string): Promise<void> {
    const devices = [await this.#generate(command, 'one'), await this.#generate(command, 'two')] as [
      Device,
      Device,
    ]
    this.#devices = devices
    for (const device of devices) {
      configure(device, devices)
      const args = ['serve', `--home=${device.home}`, '--no-browser', '--no-restart', '--no-upgrade']
      const env = { ...process.env, HOME: device.home, STNOUPGRADE: '1' }
      const logFile = join(this.#folder.path, 'syncthing.log')
      this.#servers.push(await ServerProcess.start(command, args, { env, logFile, port: device.gui }))
    }
    await until(async () => {
      const response = await call(devices[0], 'GET', '/rest/system/connections').catch(() => ({}))
      const { connections = {} } = response as { connections?: Record<string, { connected: boolean }> }
      return Object.values(connections).some(({ connected }) => connected)
    }, 50)
  }

  async #generate(command: string, name: string): Promise<Device> {
    const home = join(this.#folder.path, name)
    const data = join(this.#folder.path, `${name}-data`)
    mkdirSync(data)
    execFileSync(command, ['generate', `--home=${home}`, '--no-default-folder', '--skip-port-probing'], {
      stdio: 'ignore',
    })
    const id = execFileSync(command, [`--home=${home}`, '--device-id'])
      .toString()
      .trim()
    const key = /<apikey>([^<]+)</.exec(readFileSync(join(home, 'config.xml'), 'utf8'))?.[1] ?? 'bench'
    return { home, data, gui: await freePort(), listen: await freePort(), id, key }
  }
}

function configure({ home, data, gui, listen, key }: Device, devices: Device[]): void {
  const deviceElements = devices
    .map(
      (one) =>
        `<device id="${one.id}" name="${one.listen}"><address>tcp://127.0.0.1:${one.listen}</address></device>`,
    )
    .join('\n')
  const shared = devices.map(({ id }) => `<device id="${id}"></device>`).join('')
  writeFileSync(
    join(home, 'config.xml'),
    `<configuration version="36">
      <folder id="${FOLDER}" label="${FOLDER}" path="${data}" type="sendreceive" rescanIntervalS="3600"
        fsWatcherEnabled="false">${shared}<minDiskFree unit="%">0</minDiskFree></folder>
      ${deviceElements}
      <gui enabled="true" tls="false"><address>127.0.0.1:${gui}</address><apikey>${key}</apikey></gui>
      <options><listenAddress>tcp://127.0.0.1:${listen}</listenAddress>
        <globalAnnounceEnabled>false</globalAnnounceEnabled><localAnnounceEnabled>false</localAnnounceEnabled>
        <relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled><urAccepted>-1</urAccepted>
        <autoUpgradeIntervalH>0</autoUpgradeIntervalH><crashReportingEnabled>false</crashReportingEnabled></options>
    </configuration>`,
  )
}

async function call(device: Device, method: 'GET' | 'POST', path: string): Promise<Record<string, unknown>> {
  const { statusCode, body } = await request(`http://127.0.0.1:${device.gui}${path}`, {
    method,
    headers: { 'x-api-key': device.key },
  })
  const text = await body.text()
  if (statusCode >= 300) throw new Error(`syncthing: ${statusCode} ${text}`)
  return text === '' ? {} : JSON.parse(text)
}
