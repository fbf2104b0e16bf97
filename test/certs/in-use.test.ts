import { execFileSync } from 'node:child_process'
import { randomUUID, X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { ensureCertificates } from '../../src/certs/folder.js'
import { CertificatesInUse } from '../../src/certs/in-use.js'
import { TlsFiles } from '../../src/certs/tls-files.js'
import type { Timers } from '../../src/lib/timers.js'
import { observeCertificates } from '../../src/observability/metrics.js'
import { newDataDir } from '../support/data-dir.js'

const DAY_MS = 86_400_000

/** The one-year certificates of a server, on a clock that the test controls, with the lines logged. */
async function certificatesOfAYear(t: Test) {
  const dir = await newDataDir(t)
  const made = new Date()
  await ensureCertificates(dir, { names: ['eu'], now: made })
  const clock = { now: made.getTime() }
  const lines: Record<string, unknown>[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const certificates = new CertificatesInUse(logger, () => clock.now)
  const paths = { cert: join(dir, 'eu.crt'), key: join(dir, 'eu.key') }
  const files = await TlsFiles.open(paths)
  certificates.add(files, () => undefined)
  return { dir, clock, lines, certificates, paths, made }
}

t.test('A certificate file that is not a regular file is refused', async (t) => {
  const { dir, paths } = await certificatesOfAYear(t)
  const pipe = join(dir, 'pipe')
  execFileSync('mkfifo', [pipe])
  await t.rejects(TlsFiles.open({ ...paths, cert: pipe }), /pipe: it is not a regular file/)
})

t.test('A file without the certificate or key that it is for is refused, and named', async (t) => {
  const { dir, paths } = await certificatesOfAYear(t)
  const all = { ca: join(dir, 'ca.crt'), ...paths }
  const der = new X509Certificate(await readFile(all.ca)).raw
  const damaged = Buffer.from(String(await readFile(all.ca)).replace(/A/g, '?'))
  await t.resolves(TlsFiles.open(all))
  for (const [what, content] of Object.entries({ empty: '', text: 'no PEM\n', der, damaged })) {
    const wrong = join(dir, what)
    await writeFile(wrong, content)
    for (const part of ['ca', 'cert', 'key'] as const) {
      const opened = TlsFiles.open({ ...all, [part]: wrong })
      await t.rejects(opened, { message: `cannot read the certificate file ${wrong}: ` }, `${what} ${part}`)
    }
  }
  const swapped = TlsFiles.open({ ...all, key: all.cert })
  await t.rejects(swapped, {
    message: `cannot read the certificate file ${all.cert}: it has no PEM private key`,
  })
})

t.test('A certificate near expiry is logged as a warning every day until it is renewed', async (t) => {
  const { dir, clock, lines, certificates, paths } = await certificatesOfAYear(t)
  const rounds: { ms: number; run: () => void }[] = []
  const timers = { every: (ms: number, run: () => void) => rounds.push({ ms, run }) && { stop() {} } }
  certificates.watch(DAY_MS, timers as unknown as Timers)
  t.same(lines, [], 'a certificate with a year left is not reported')
  t.equal(rounds[0]?.ms, DAY_MS)
  clock.now += 339.5 * DAY_MS
  rounds[0]?.run()
  t.match(lines, [{ level: 40, file: paths.cert, days_left: 25, msg: /expires soon/ }])
  clock.now += 40 * DAY_MS
  rounds[0]?.run()
  t.match(lines[1], { level: 40, days_left: -15, msg: /has expired/ })
  await ensureCertificates(dir, { names: [], renew: ['eu'], now: new Date(clock.now) })
  await certificates.reload()
  rounds[0]?.run()
  t.notMatch(lines.slice(2), [{ level: 40 }])
})

t.test('A metric reports how long each certificate remains valid', async (t) => {
  const { clock, certificates, paths } = await certificatesOfAYear(t)
  const registry = new Registry()
  observeCertificates(registry, () => certificates.expiries())
  clock.now += 360 * DAY_MS
  const [metric] = await registry.getMetricsAsJSON()
  t.match(metric, {
    name: 'syncsphere_certificate_expiry_seconds',
    values: [{ labels: { file: paths.cert } }],
  })
  const seconds = metric?.values[0]?.value ?? 0
  t.ok(seconds > 4 * 86_400 && seconds < 6 * 86_400, `${seconds} s`)
})

t.test('A file with several certificates expires with the first of them', async (t) => {
  const { dir, certificates, made, paths, clock } = await certificatesOfAYear(t)
  const [before] = certificates.expiries()
  const old = await newDataDir(t)
  await ensureCertificates(old, { names: ['eu'], now: new Date(made.getTime() - 300 * DAY_MS) })
  const chain = await Promise.all([readFile(paths.cert), readFile(join(old, 'eu.crt'))])
  const file = join(dir, `${randomUUID()}.crt`)
  await writeFile(file, Buffer.concat(chain))
  const other = new CertificatesInUse(pino({ level: 'silent' }), () => clock.now)
  other.add(await TlsFiles.open({ cert: file, key: paths.key }), () => undefined)
  const [life] = other.expiries()
  const days = ((before?.secondsLeft ?? 0) - (life?.secondsLeft ?? 0)) / 86_400
  t.equal(Math.round(days), 300)
})
