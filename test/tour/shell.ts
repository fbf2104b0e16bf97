import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** One bash that runs several commands, so that variables persist between them. */
export class Shell implements AsyncDisposable {
  readonly #bash: ChildProcessByStdio<Writable, Readable, null>
  #output = ''

  constructor(env: NodeJS.ProcessEnv) {
    // A process group of its own, so that background processes are killed too.
    this.#bash = spawn('bash', ['--noprofile', '--norc'], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    })
    this.#bash.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
    })
  }

  /** Runs a command; returns its standard output and error, and its exit status. */
  async run(command: string): Promise<{ output: string; status: number }> {
    const end = `end-${randomUUID()}`
    this.#output = ''
    const quoted = `'${command.replaceAll("'", "'\\''")}'`
    this.#bash.stdin.write(`eval ${quoted} </dev/null 2>&1; echo "${end} $?"\n`)
    for (;;) {
      const at = this.#output.indexOf(`${end} `)
      if (at >= 0 && this.#output.endsWith('\n')) {
        const status = Number(this.#output.slice(at + end.length + 1))
        return { output: this.#output.slice(0, at), status }
      }
      await once(this.#bash.stdout, 'data')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#bash, 'close')
    if (this.#bash.pid !== undefined) process.kill(-this.#bash.pid, 'SIGKILL')
    await closed
  }
}
