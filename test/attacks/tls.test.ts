import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ensureCertificates } from '../../src/certs/folder.js'
import { openTestRegional } from '../support/test-regional.js'
import { TestGrand } from '../sync/grand/test-grand.js'
import { missing, run } from './tools.js'

const skip = missing('sslscan')

t.setTimeout(100_000)

interface Scan {
  protocols: string[]
  ciphers: { name: string; strength: string; protocol: string; bits: number }[]
  xml: string
}

async function scan(t: Test, origin: string): Promise<Scan> {
  const { host } = new URL(origin)
  const { output: xml } = await run(t, 'sslscan', ['--xml=-', '--no-colour', host], 60_000)
  const attributes = (line: string) =>
    Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v]))
  const elements = (name: string) =>
    [...xml.matchAll(new RegExp(`<${name} [^>]*>`, 'g'))].map(([one]) => attributes(one))
  return {
    protocols: elements('protocol')
      .filter((one) => one['enabled'] === '1')
      .map((one) => `${one['type']} ${one['version']}`),
    ciphers: elements('cipher').map((one) => ({
      name: one['cipher'] ?? '',
      strength: one['strength'] ?? '',
      protocol: one['sslversion'] ?? '',
      bits: Number(one['bits']),
    })),
    xml,
  }
}

function assertSecure(t: Test, { ciphers, xml }: Scan): void {
  t.ok(ciphers.length > 0, `${ciphers.length} ciphers are offered`)
  for (const { name, strength, bits } of ciphers) {
    t.match(strength, /^(strong|acceptable)$/, name)
    t.ok(bits >= 128, name)
    // AEAD with forward secrecy.
    t.match(name, /^(TLS_|ECDHE-.*(GCM|CHACHA20))/)
  }
  t.notMatch(xml, /<heartbleed [^>]*vulnerable="1"/)
  t.notMatch(xml, /<compression supported="1"/)
  t.notMatch(xml, /<renegotiation supported="1" secure="0"/)
  t.notMatch(xml, /<certificate[^>]*>[\s\S]*<signature-algorithm>(md5|sha1)/i)
}

t.test("sslscan finds only TLS 1.3 at the grand's port", { skip }, async (t) => {
  const grand = await TestGrand.open(t)
  const found = await scan(t, grand.url)
  t.strictSame(found.protocols, ['tls 1.3'])
  assertSecure(t, found)
})

t.test(
  "sslscan finds only TLS 1.2 and 1.3 with secure ciphers at a regional's port for users",
  { skip },
  async (t) => {
    const certsDir = t.testdir()
    await ensureCertificates(certsDir, { names: ['eu'], now: new Date() })
    const tls = { certFile: join(certsDir, 'eu.crt'), keyFile: join(certsDir, 'eu.key') }
    const regional = await openTestRegional(t, { tls })
    t.match(regional.url, /^https:/)
    const found = await scan(t, regional.url)
    t.strictSame(found.protocols, ['tls 1.2', 'tls 1.3'])
    assertSecure(t, found)
  },
)
