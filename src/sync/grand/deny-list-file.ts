import { lstatSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { type CertificateIdentity, DENY_LIST_FILE, isDenied, parseDenyList } from '../../certs/deny-list.js'

/** Polling interval. Container volumes and network file systems do not always deliver file events. */
const POLL_MS = 1000

/** The deny list beside the certificates, kept up to date with the file. */
export class DenyListFile implements Disposable {
  readonly #path: string
  readonly #logger: Logger
  #timer: NodeJS.Timeout | undefined
  #denied: ReadonlySet<string> = new Set()
  #version = ''

  constructor(certsDir: string, logger: Logger) {
    this.#path = join(certsDir, DENY_LIST_FILE)
    this.#logger = logger
  }

  /**
   * Reads the file now, and polls it until disposed of.
   * @param onPoll called after each poll, to end connections that were admitted before their certificate was denied
   * @throws Error when the file is malformed: starting without it would admit revoked certificates
   */
  start(onPoll: () => void): this {
    this.#read()
    this.#timer = setInterval(() => {
      this.refresh()
      onPoll()
    }, POLL_MS).unref()
    return this
  }

  /** Reads the file if it has changed. A malformed file is logged and changes nothing. */
  refresh(): void {
    try {
      this.#read()
    } catch (err) {
      this.#logger.error(
        { err, file: this.#path },
        'the deny list cannot be read; the one before stays in force',
      )
    }
  }

  denies(certificate: CertificateIdentity): boolean {
    return isDenied(this.#denied, certificate)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #read(): void {
    const quiet = { throwIfNoEntry: false }
    // A link that leads nowhere is no missing list.
    const found = statSync(this.#path, quiet) ?? lstatSync(this.#path, quiet)
    const version = found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mtimeMs}`
    if (version === this.#version) return
    // Set before reading, so that a malformed file is logged once.
    this.#version = version
    this.#denied = found === undefined ? new Set() : parse(this.#path)
  }
}

function parse(path: string): Set<string> {
  try {
    return parseDenyList(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause })
  }
}
