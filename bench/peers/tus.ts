/** @tus/server with its file store in its default configuration: `node tus.js FOLDER`. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

const [, , folder = '.'] = process.argv
const tus = new Server({ path: '/files', datastore: new FileStore({ directory: join(folder, 'files') }) })
const server = createServer((request, response) => void tus.handle(request, response))
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
