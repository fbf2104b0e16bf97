import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ensureCertificate } from '../certificate.js'
import { freePort, ServerProcess } from '../server-process.js'
import { TempFolder } from '../temp-folder.js'

const execute = promisify(execFile)

/** An rsync daemon behind stunnel with TLS 1.3 on both sides, all on loopback. */
export class RsyncOverStunnel implements AsyncDisposable {
  static readonly missing = 'rsync over stunnel (Debian packages rsync and stunnel4)'

  readonly #folder = new TempFolder()
  readonly #servers: ServerProcess[] = []
  readonly #rsync: string
  #port = 0

  private constructor(rsync: string) {
    this.#rsync = rsync
  }

  static async start(rsync: string, stunnel: string): Promise<RsyncOverStunnel> {
    const peer = new RsyncOverStunnel(rsync)
    try {
      await peer.#start(stunnel)
    } catch (error) {
      await peer[Symbol.asyncDispose]()
      throw error
    }
    return peer
  }

  /**
   * Sends a folder to an empty destination as whole files, each fsynced there.
   * @returns seconds
   */
  async timeToSend(folder: string): Promise<number> {
    const options = ['--archive', '--whole-file', '--fsync']
    const began = performance.now()
    await execute(this.#rsync, [...options, `${folder}/`, `rsync://127.0.0.1:${this.#port}/files/received/`])
    const seconds = (performance.now() - began) / 1000
    rmSync(join(this.#folder.path, 'files', 'received'), { recursive: true })
    return seconds
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.reverse()) await server[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }

  async #start(stunnel: string): Promise<void> {
    const [daemon, tls, port] = [await freePort(), await freePort(), await freePort()]
    const files = join(this.#folder.path, 'files')
    mkdirSync(files)
    // A daemon started by root would run as nobody, without access to this folder.
    const user = process.getuid?.() === 0 ? 'uid = root\ngid = root\n' : ''
    const module = `[files]\npath = ${files}\nread only = no\n`
    const config = this.#write('rsyncd.conf', `use chroot = no\n${user}${module}`)
    const onlyHere = ['--address=127.0.0.1', `--port=${daemon}`]
    await this.#serve(this.#rsync, ['--daemon', '--no-detach', `--config=${config}`, ...onlyHere], daemon)
    const { certFile, keyFile } = ensureCertificate(join(this.#folder.path, 'certs'), 'grand')
    const server = `cert = ${certFile}\nkey = ${keyFile}\naccept = 127.0.0.1:${tls}\nconnect = 127.0.0.1:${daemon}\n`
    const client = `client = yes\naccept = 127.0.0.1:${port}\nconnect = 127.0.0.1:${tls}\n`
    await this.#serve(stunnel, [this.#stunnelConfig('server', server)], tls)
    await this.#serve(stunnel, [this.#stunnelConfig('client', client)], port)
    this.#port = port
  }

  async #serve(command: string, args: string[], port: number): Promise<void> {
    const logFile = join(this.#folder.path, 'peer.log')
    this.#servers.push(await ServerProcess.start(command, args, { logFile, port }))
  }

  #stunnelConfig(name: string, service: string): string {
    const options = 'foreground = yes\npid =\nsslVersionMin = TLSv1.3\n'
    return this.#write(`stunnel-${name}.conf`, `${options}[rsync]\n${service}`)
  }

  #write(name: string, text: string): string {
    const path = join(this.#folder.path, name)
    writeFileSync(path, text)
    return path
  }
}
