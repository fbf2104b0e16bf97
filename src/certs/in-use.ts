import type { Logger } from 'pino'
import { systemTimers, type Timers } from '../lib/timers.js'
import { daysUntil, expiresSoon, expiryOf } from './expiry.js'
import type { Part, TlsFiles } from './tls-files.js'

export interface CertificateExpiry {
  file: string
  secondsLeft: number
}

interface InUse {
  files: TlsFiles<Part>
  onChanged: () => void
}

/** The certificates that one server uses. They are reloaded on request, and the log warns before they expire. */
export class CertificatesInUse {
  readonly #logger: Logger
  readonly #now: () => number
  readonly #all: InUse[] = []

  constructor(logger: Logger, now: () => number) {
    this.#logger = logger
    this.#now = now
  }

  /** @param onChanged applies reloaded certificates to new connections */
  add<Parts extends Part>(files: TlsFiles<Parts>, onChanged: () => void): void {
    this.#all.push({ files: files as unknown as TlsFiles<Part>, onChanged })
  }

  expiries(): CertificateExpiry[] {
    return this.#certificates().map(({ file, end }) => ({
      file,
      secondsLeft: (end.getTime() - this.#now()) / 1000,
    }))
  }

  /** Warns of certificates that expire soon, now and at intervals. */
  watch(everyMs: number, timers: Timers = systemTimers): Disposable {
    this.#warn()
    const timer = timers.every(everyMs, () => this.#warn())
    return { [Symbol.dispose]: () => timer.stop() }
  }

  /** Reloads all certificates. Invalid files are logged, and the previous ones stay in use. */
  async reload(): Promise<void> {
    for (const { files, onChanged } of this.#all) {
      const names = files.certificates().map(({ file }) => file)
      try {
        const changed = await files.reload()
        if (changed) onChanged()
        this.#logger.info({ files: names, changed }, 'reloaded certificates')
      } catch (err) {
        this.#logger.error(
          { err, files: names },
          'certificates cannot be reloaded, the previous ones stay in use',
        )
      }
    }
    this.#warn()
  }

  #warn(): void {
    const expiring = this.#certificates()
      .map(({ file, end }) => ({ file, end, daysLeft: daysUntil(end, this.#now()) }))
      .filter(({ daysLeft }) => expiresSoon(daysLeft))
    for (const { file, end, daysLeft } of expiring) {
      const what = daysLeft < 0 ? 'a certificate has expired' : 'a certificate expires soon'
      this.#logger.warn({ file, valid_to: end, days_left: daysLeft }, `${what}: renew it, then send SIGHUP`)
    }
  }

  /** Each file once, even if it is used twice. */
  #certificates(): { file: string; end: Date }[] {
    const all = this.#all.flatMap(({ files }) => files.certificates())
    return [...new Map(all.map(({ file, pem }) => [file, { file, end: expiryOf(pem) }])).values()]
  }
}
