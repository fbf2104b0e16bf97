import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificate } from '../certificate.js'
import { freePort, ServerProcess } from '../server-process.js'
import { TempFolder } from '../temp-folder.js'

/**
 * nginx with Debian's settings (`sendfile`, one worker per core), without an access log. It serves files under /, and
 * accepts PUT under /put/ into a folder of the same file system.
 */
export class Nginx implements AsyncDisposable {
  readonly #folder: TempFolder
  readonly #server: ServerProcess
  readonly origin: string
  #cleared = 0

  private constructor(folder: TempFolder, server: ServerProcess, origin: string) {
    this.#folder = folder
    this.#server = server
    this.origin = origin
  }

  static readonly missing = 'nginx (Debian package nginx-light)'

  static async start(command: string, tls?: Certificate): Promise<Nginx> {
    const folder = new TempFolder()
    const port = await freePort()
    const config = join(folder.path, 'nginx.conf')
    mkdirSync(join(folder.path, 'files', 'put'), { recursive: true })
    writeFileSync(config, configuration(folder.path, port, tls))
    const server = await ServerProcess.start(command, ['-c', config, '-p', folder.path, '-e', 'stderr'], {
      logFile: join(folder.path, 'nginx.log'),
      port,
    })
    return new Nginx(folder, server, `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`)
  }

  /** Serves a file of the same file system by a hard link. */
  put(name: string, file: string): void {
    linkSync(file, join(this.#folder.path, 'files', name))
  }

  /** Removes the files received by PUT. */
  clear(): void {
    const folder = join(this.#folder.path, 'files', 'put')
    this.#cleared += 1
    const removed = `${folder}-removed-${this.#cleared}`
    // Requests that wrk has aborted may still be running; their files are removed at the end.
    renameSync(folder, removed)
    mkdirSync(folder)
    for (const name of readdirSync(removed)) rmSync(join(removed, name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }
}

function configuration(folder: string, port: number, tls: Certificate | undefined): string {
  // Workers of an nginx started by root would run as a user without access to this folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const certificate =
    tls === undefined ? '' : `ssl_certificate ${tls.certFile}; ssl_certificate_key ${tls.keyFile};`
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
    daemon off; ${user} worker_processes auto; pid ${folder}/pid; error_log stderr;
    events { worker_connections 768; }
    http {
      sendfile on; tcp_nopush on; access_log off; default_type application/octet-stream;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      server {
        listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'}; ${certificate}
        root ${folder}/files;
        location /put/ { client_max_body_size 0; dav_methods PUT; }
      }
    }`
}
