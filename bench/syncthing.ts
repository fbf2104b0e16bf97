import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { until } from './sphere.js'

const FOLDER = 'bench'

interface Device {
  home: string
  data: string
  gui: number
  listen: number
  id: string
  process: ChildProcess
}

/** Two Syncthing devices on loopback that share one folder, told to scan rather than left to notice. */
export class SyncthingPair implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'syncthing-'))
  #devices: Device[] = []

  /** Runs one measurement on a fresh pair; gives nothing where Syncthing is not installed. */
  static async measure(work: (pair: SyncthingPair) => Promise<number>): Promise<number[]> {
    if (!existsSync('/usr/bin/syncthing')) return []
    await using pair = new SyncthingPair()
    await pair.#start()
    return [await work(pair)]
  }

  /** MB/s for one file. */
  async transferLarge(chunks: Buffer[]): Promise<number> {
    const [from, to] = this.#devices as [Device, Device]
    const file = openSync(join(from.data, 'large.bin'), 'w')
    for (const chunk of chunks) writeSync(file, chunk)
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const seconds = await this.#timeToSync(from, to, bytes)
    return bytes / 1e6 / seconds
  }

  /** Files a second. */
  async transferMany(files: Buffer[]): Promise<number> {
    const [from, to] = this.#devices as [Device, Device]
    for (const [i, bytes] of files.entries()) writeFileSync(join(from.data, `file-${i}.bin`), bytes)
    const total = files.reduce((sum, bytes) => sum + bytes.length, 0)
    return files.length / (await this.#timeToSync(from, to, total))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.#devices) {
      if (process.exitCode !== null) continue
      const ended = new Promise((resolve) => process.once('exit', resolve))
      process.kill('SIGTERM')
      await ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** From the request to scan until the other has all bytes. */
  async #timeToSync(from: Device, to: Device, bytes: number): Promise<number> {
    const began = performance.now()
    await call(from, 'POST', `/rest/db/scan?folder=${FOLDER}`)
    await until(async () => {
      const status = (await call(to, 'GET', `/rest/db/status?folder=${FOLDER}`)) as Record<
        string,
        number | string
      >
      return status.inSyncBytes === bytes && status.state === 'idle' && status.globalBytes === bytes
    }, 20)
    return (performance.now() - began) / 1000
  }

  async #start(): Promise<void> {
    for (const [index, name] of ['one', 'two'].entries()) {
      const home = join(this.#folder, name)
      const data = join(this.#folder, `${name}-data`)
      mkdirSync(data, { recursive: true })
      execFileSync(
        'syncthing',
        ['generate', `--home=${home}`, '--no-default-folder', '--skip-port-probing'],
        {
          stdio: 'ignore',
        },
      )
      const id = execFileSync('syncthing', [`--home=${home}`, '--device-id'])
        .toString()
        .trim()
      this.#devices.push({
        home,
        data,
        gui: 5920 + index,
        listen: 5930 + index,
        id,
        process: undefined as never,
      })
    }
    for (const device of this.#devices) {
      configure(device, this.#devices)
      device.process = spawn(
        'syncthing',
        ['serve', `--home=${device.home}`, '--no-browser', '--no-restart', '--no-upgrade'],
        {
          stdio: 'ignore',
          env: { ...process.env, HOME: device.home, STNOUPGRADE: '1' },
        },
      )
    }
    await until(async () => {
      const [one] = this.#devices as [Device]
      const answer = (await call(one, 'GET', '/rest/system/connections').catch(() => undefined)) as
        | { connections: Record<string, { connected: boolean }> }
        | undefined
      return Object.values(answer?.connections ?? {}).some(({ connected }) => connected)
    }, 50)
  }
}

function configure(device: Device, devices: Device[]): void {
  const path = join(device.home, 'config.xml')
  const key = keyOf(device)
  const known = devices
    .map(
      ({ id, listen }) =>
        `<device id="${id}" name="${listen}"><address>tcp://127.0.0.1:${listen}</address></device>`,
    )
    .join('\n')
  const shared = devices.map(({ id }) => `<device id="${id}"></device>`).join('')
  writeFileSync(
    path,
    `<configuration version="36">
      <folder id="${FOLDER}" label="${FOLDER}" path="${device.data}" type="sendreceive" rescanIntervalS="3600"
        fsWatcherEnabled="false">${shared}<minDiskFree unit="%">0</minDiskFree></folder>
      ${known}
      <gui enabled="true" tls="false"><address>127.0.0.1:${device.gui}</address><apikey>${key}</apikey></gui>
      <options><listenAddress>tcp://127.0.0.1:${device.listen}</listenAddress>
        <globalAnnounceEnabled>false</globalAnnounceEnabled><localAnnounceEnabled>false</localAnnounceEnabled>
        <relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled><urAccepted>-1</urAccepted>
        <autoUpgradeIntervalH>0</autoUpgradeIntervalH><crashReportingEnabled>false</crashReportingEnabled></options>
    </configuration>`,
  )
}

function keyOf({ home }: Device): string {
  return /<apikey>([^<]+)</.exec(readFileSync(join(home, 'config.xml'), 'utf8'))?.[1] ?? 'bench'
}

async function call(device: Device, method: 'GET' | 'POST', path: string): Promise<unknown> {
  const { statusCode, body } = await request(`http://127.0.0.1:${device.gui}${path}`, {
    method,
    headers: { 'x-api-key': keyOf(device) },
  })
  const text = await body.text()
  if (statusCode >= 300) throw new Error(`syncthing: ${statusCode} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
