import { join } from 'node:path'
import { ServerProcess } from '../server-process.js'
import { TempFolder } from '../temp-folder.js'

/** Runs a peer of this folder as a server. It takes a temporary folder as its first argument, and prints its origin. */
export class NodePeer implements AsyncDisposable {
  readonly #folder: TempFolder
  readonly #server: ServerProcess

  private constructor(folder: TempFolder, server: ServerProcess) {
    this.#folder = folder
    this.#server = server
  }

  /** @param program `tus` or another file of this folder, without its extension */
  static async start(program: string, ...args: string[]): Promise<NodePeer> {
    const folder = new TempFolder()
    const path = join(import.meta.dirname, `${program}.js`)
    const logFile = join(folder.path, 'peer.log')
    const server = await ServerProcess.start(process.execPath, [path, folder.path, ...args], { logFile })
    return new NodePeer(folder, server)
  }

  get origin(): string {
    return this.#server.banner
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }
}
