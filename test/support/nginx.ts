import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePort } from './free-port.js'
import { until } from './until.js'

const found = ['/usr/sbin/nginx', 'nginx'].find((path) => spawnSync(path, ['-v']).status === 0)

/** Why a test is skipped, or false. On CI no test is skipped: without nginx it fails. */
export const skipWithoutNginx = process.env.CI || found ? false : "install Debian's nginx-light"

/**
 * Starts nginx as a reverse proxy until the test ends.
 * @param location directives of its location block
 * @returns its origin
 */
export async function openNginx(t: Test, upstream: string, location: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nginx-'))
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  const config = `
    daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; pid ${folder}/pid; error_log stderr crit;
    events { worker_connections 256; }
    http {
      access_log off; ${temporary.join(' ')}
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass ${upstream}; proxy_http_version 1.1; proxy_set_header Host $http_host; ${location} }
      }
    }`
  await writeFile(join(folder, 'nginx.conf'), config)
  const child = spawn(found ?? 'nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', 'stderr'], {
    stdio: 'inherit',
  })
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  await until('nginx accepts connections', () => takesConnections(port))
  return `http://127.0.0.1:${port}`
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
