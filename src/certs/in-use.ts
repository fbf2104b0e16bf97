import type { Logger } from 'pino'
import { systemTimers, type Timers } from '../lib/timers.js'
import { daysUntil, endOf, expiresSoon } from './expiry.js'
import type { Part, TlsFiles } from './tls-files.js'

export interface CertificateExpiry {
  /** Its file. */
  file: string
  secondsLeft: number
}

interface InUse {
  files: TlsFiles<Part>
  onChanged: () => void
}

/** The certificates that one server uses: read anew when it is told to, and complained of before they end. */
export class CertificatesInUse {
  readonly #logger: Logger
  readonly #now: () => number
  readonly #all: InUse[] = []

  constructor(logger: Logger, now: () => number) {
    this.#logger = logger
    this.#now = now
  }

  /** @param onChanged puts what was read to use, for connections that come */
  add<Parts extends Part>(files: TlsFiles<Parts>, onChanged: () => void): void {
    this.#all.push({ files: files as unknown as TlsFiles<Part>, onChanged })
  }

  expiries(): CertificateExpiry[] {
    return this.#certificates().map(({ file, end }) => ({
      file,
      secondsLeft: (end.getTime() - this.#now()) / 1000,
    }))
  }

  /** Warns now of those that are near their end, and again every so often. */
  watch(everyMs: number, timers: Timers = systemTimers): Disposable {
    this.#warn()
    const timer = timers.every(everyMs, () => this.#warn())
    return { [Symbol.dispose]: () => timer.stop() }
  }

  /** Reads all again. Those that cannot be used change nothing: the ones before stay in use. */
  async reload(): Promise<void> {
    for (const { files, onChanged } of this.#all) {
      const names = files.certificates().map(({ file }) => file)
      try {
        const changed = await files.reload()
        if (changed) onChanged()
        this.#logger.info({ files: names, changed }, 'certificates were read again')
      } catch (err) {
        this.#logger.error({ err, files: names }, 'certificates cannot be read; the ones before stay in use')
      }
    }
    this.#warn()
  }

  #warn(): void {
    const near = this.#certificates()
      .map(({ file, end }) => ({ file, end, daysLeft: daysUntil(end, this.#now()) }))
      .filter(({ daysLeft }) => expiresSoon(daysLeft))
    for (const { file, end, daysLeft } of near) {
      const what = daysLeft < 0 ? 'a certificate has expired' : 'a certificate expires soon'
      this.#logger.warn({ file, valid_to: end, days_left: daysLeft }, `${what}: renew it, then send SIGHUP`)
    }
  }

  /** A file may be used for two purposes. */
  #certificates(): { file: string; end: Date }[] {
    const all = this.#all.flatMap(({ files }) => files.certificates())
    return [...new Map(all.map(({ file, pem }) => [file, { file, end: endOf(pem) }])).values()]
  }
}
