import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, connect, createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { test } from 'tap'
import { runCertsCommand } from '../../src/certs/command.js'
import { isDenied, parseDenyList } from '../../src/certs/deny-list.js'
import { ensureCertificates, revokeCertificate } from '../../src/certs/folder.js'
import { operate } from '../support/operator.js'

const NOW = new Date()
const DAY_MS = 86_400_000

function load(dir: string, name: string) {
  const [ca, cert, key] = ['ca.crt', `${name}.crt`, `${name}.key`].map((file) =>
    readFileSync(join(dir, file)),
  )
  return { ca, cert, key }
}

function certificateOf(dir: string, name: string) {
  return new X509Certificate(readFileSync(join(dir, `${name}.crt`)))
}

function contents(dir: string) {
  return Object.fromEntries(readdirSync(dir).map((file) => [file, readFileSync(join(dir, file), 'utf8')]))
}

/**
 * Performs one TLS handshake over loopback. Returns what each side saw of the other, or throws the error of the side
 * that refused.
 */
async function handshake(server: TlsOptions, client: ConnectionOptions) {
  const options = { minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: true } as const
  const listener = createServer({ ...options, ...server }).listen(0, '127.0.0.1')
  try {
    await once(listener, 'listening')
    const accepted = Promise.race([
      once(listener, 'secureConnection') as Promise<[TLSSocket]>,
      once(listener, 'tlsClientError').then(([error]) => Promise.reject(error)),
    ])
    const port = (listener.address() as AddressInfo).port
    const socket = connect({ ...client, port, host: '127.0.0.1', minVersion: 'TLSv1.3' })
    // In TLS 1.3 the server's refusal arrives after the client has completed the handshake.
    socket.on('error', () => {})
    const [[peer]] = await Promise.all([accepted, once(socket, 'secureConnect')])
    const seen = {
      protocol: socket.getProtocol(),
      server: socket.getPeerCertificate(),
      client: peer.getPeerCertificate(),
    }
    peer.destroy()
    socket.destroy()
    return seen
  } finally {
    listener.close()
  }
}

test('The command creates an authority and one certificate per server', async (t) => {
  const dir = join(t.testdir(), 'certs', 'dev')
  const statuses = await ensureCertificates(dir, { names: ['grand', 'eu', 'us'], now: NOW })
  t.strictSame(
    statuses.map(({ name, made, revoked, trusted, expiresSoon }) => [
      name,
      made,
      revoked,
      trusted,
      expiresSoon,
    ]),
    ['ca', 'eu', 'grand', 'us'].map((name) => [name, true, false, true, false]),
  )
  t.equal(statuses.find(({ name }) => name === 'eu')?.daysLeft, 364)
  for (const file of readdirSync(dir)) t.equal(statSync(join(dir, file)).mode & 0o777, 0o600, file)
  t.equal(statSync(dir).mode & 0o777, 0o700)

  const ca = certificateOf(dir, 'ca')
  t.ok(ca.ca, 'basicConstraints CA')
  t.ok(ca.verify(ca.publicKey))
  for (const name of ['grand', 'eu']) {
    const certificate = certificateOf(dir, name)
    t.notOk(certificate.ca)
    t.ok(certificate.checkIssued(ca))
    t.equal(certificate.subject, `CN=${name}`)
    t.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
    t.strictSame(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'], 'serverAuth, clientAuth')
  }
  t.equal(
    certificateOf(dir, 'eu').subjectAltName,
    'DNS:eu',
    'the certificate of a regional is not valid for localhost',
  )
  t.equal(
    certificateOf(dir, 'grand').subjectAltName,
    'DNS:grand, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  )
})

test('Both sides of a link authenticate each other over TLS 1.3', async (t) => {
  const dir = t.testdir()
  await ensureCertificates(dir, { names: ['grand', 'eu'], now: NOW })
  for (const servername of ['grand', 'localhost']) {
    const seen = await handshake(load(dir, 'grand'), { ...load(dir, 'eu'), servername })
    t.equal(seen.protocol, 'TLSv1.3')
    t.equal(seen.client.subject.CN, 'eu')
    t.equal(seen.client.subjectaltname, 'DNS:eu')
    t.equal(seen.server.subject.CN, 'grand')
  }
  await t.rejects(
    handshake(load(dir, 'eu'), { ...load(dir, 'eu'), servername: 'grand' }),
    { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    'a regional with the role of the grand',
  )
  const { ca } = load(dir, 'eu')
  await t.rejects(handshake(load(dir, 'grand'), { ca, servername: 'grand' }), Error, 'no client certificate')

  const other = join(dir, 'other')
  await ensureCertificates(other, { names: ['eu'], now: NOW })
  const foreign = { ...load(other, 'eu'), ca, servername: 'grand' }
  await t.rejects(handshake(load(dir, 'grand'), foreign), Error, 'a certificate of another authority')
})

test('Adding a server leaves the other certificates unchanged', async (t) => {
  const dir = t.testdir()
  await ensureCertificates(dir, { names: ['grand', 'eu'], now: NOW })
  const before = contents(dir)
  const statuses = await ensureCertificates(dir, {
    names: ['sa'],
    hosts: ['sa.example.org', '192.0.2.7'],
    now: NOW,
  })
  t.strictSame(
    statuses.filter(({ made }) => made).map(({ name }) => name),
    ['sa'],
  )
  const after = contents(dir)
  t.match(after, before)
  t.strictSame(Object.keys(after).length, Object.keys(before).length + 2)
  t.equal(certificateOf(dir, 'sa').subjectAltName, 'DNS:sa, DNS:sa.example.org, IP Address:192.0.2.7')
})

test('Certificates near expiry are reported, and renewing one changes no other', async (t) => {
  const dir = t.testdir()
  await ensureCertificates(dir, { names: ['eu'], now: new Date(NOW.getTime() - 340 * DAY_MS) })
  await ensureCertificates(dir, { names: ['us'], now: NOW })
  const soon = await ensureCertificates(dir, { names: [], now: NOW })
  t.match(
    soon.map(({ name, expiresSoon }) => [name, expiresSoon]),
    [
      ['ca', false],
      ['eu', true],
      ['us', false],
    ],
  )
  const late = await ensureCertificates(dir, { names: [], now: new Date(NOW.getTime() + 40 * DAY_MS) })
  t.ok((late.find(({ name }) => name === 'eu')?.daysLeft ?? 0) < 0)

  const before = contents(dir)
  const renewed = await ensureCertificates(dir, { names: [], renew: ['eu'], now: NOW })
  t.match(
    renewed.find(({ name }) => name === 'eu'),
    { made: true, expiresSoon: false, trusted: true },
  )
  const after = contents(dir)
  t.not(after['eu.key'], before['eu.key'])
  t.equal(after['us.crt'], before['us.crt'])
  t.equal(after['ca.crt'], before['ca.crt'])
})

test('Certificates stay valid after the authority is renewed', async (t) => {
  const dir = t.testdir()
  await ensureCertificates(dir, { names: ['grand', 'eu'], now: NOW })
  const before = contents(dir)
  const statuses = await ensureCertificates(dir, {
    names: [],
    renew: ['ca'],
    now: new Date(NOW.getTime() + DAY_MS / 2),
  })
  t.not(contents(dir)['ca.crt'], before['ca.crt'])
  t.ok(statuses.every(({ trusted }) => trusted))
  t.equal(
    (await handshake(load(dir, 'grand'), { ...load(dir, 'eu'), servername: 'grand' })).client.subject.CN,
    'eu',
  )
})

test("No certificate outlives its authority, and issuing one needs the authority's key", async (t) => {
  const dir = t.testdir()
  await ensureCertificates(dir, { names: [], now: new Date(NOW.getTime() - 3600 * DAY_MS) })
  const statuses = await ensureCertificates(dir, { names: ['eu'], now: NOW })
  t.same(statuses[1]?.validTo, statuses[0]?.validTo)

  const bare = t.testdir({ 'ca.crt': readFileSync(join(dir, 'ca.crt'), 'utf8') })
  await t.rejects(ensureCertificates(bare, { names: ['eu'], now: NOW }), { message: /ca\.key is missing/ })
  t.strictSame(readdirSync(bare), ['ca.crt'])
})

test('Revoking adds the fingerprint to the deny list, and a renewed certificate is not on it', async (t) => {
  const dir = t.testdir()
  await ensureCertificates(dir, { names: ['eu', 'us'], now: NOW })
  const fingerprint = await revokeCertificate(dir, 'us', NOW)
  await revokeCertificate(dir, 'us', NOW)
  const list = readFileSync(join(dir, 'revoked.txt'), 'utf8')
  t.equal(list, `${fingerprint} # us, revoked ${NOW.toISOString()}\n`)
  const denied = parseDenyList(list)
  t.ok(isDenied(denied, certificateOf(dir, 'us')))
  t.notOk(isDenied(denied, certificateOf(dir, 'eu')))
  const statuses = await ensureCertificates(dir, { names: [], renew: ['us'], now: NOW })
  t.notOk(statuses.some(({ revoked }) => revoked))
})

test('A deny list accepts serial numbers and fingerprints in any common notation', async (t) => {
  const certificate = { fingerprint256: `AB:${'0C:'.repeat(30)}FF`, serialNumber: '0A0B0C' }
  for (const line of [
    certificate.fingerprint256,
    `ab${'0c'.repeat(30)}ff`,
    '0a:0b:0c',
    'A0B0C',
    '  0A0B0C  # lost',
  ]) {
    t.ok(isDenied(parseDenyList(`# former servers\n\n${line}\n`), certificate), line)
  }
  t.notOk(isDenied(parseDenyList('0A0B0D\n# 0A0B0C'), certificate))
  t.throws(() => parseDenyList('0A0B0C\nthe one in us'), { message: /^line 2 is neither/ })
})

test('Naming other hosts for an existing certificate fails and changes nothing', async (t) => {
  const dir = join(t.testdir(), 'dev')
  const run = (...args: string[]) => runCertsCommand(['--out', dir, ...args], {})
  await run()
  const before = contents(dir)
  await t.rejects(run('grand', '--host', 'grand.example.org'), {
    message:
      'the certificate of grand lacks grand.example.org: replace it with --renew grand --host grand.example.org',
  })
  t.strictSame(contents(dir), before, 'no file has changed')
  await t.rejects(run('--renew', 'ca', '--host', 'ca.example.org'), { message: /--host needs the NAME/ })

  const renewed = await run('--renew', 'grand', '--host', 'Grand.example.org', '--host', '2001:DB8:0::7')
  const hosts = 'localhost, 127.0.0.1, ::1, grand.example.org, 2001:db8::7'
  t.match(renewed, new RegExp(`^ {2}grand .* days, also for ${hosts}, new$`, 'm'))
  t.match(
    await run('grand', '--host', 'grand.example.org', '--host', '2001:db8::7', '--host', 'LOCALHOST'),
    /^ {2}grand .*2001:db8::7$/m,
    'a certificate that covers all named hosts is kept',
  )
})

test('A renewed certificate keeps its hosts unless others are named', async (t) => {
  const dir = join(t.testdir(), 'dev')
  const run = (...args: string[]) => runCertsCommand(['--out', dir, ...args], {})
  await run('grand', '--host', 'grand.example.org', '--host', '2001:db8::7')
  const { subjectAltName } = certificateOf(dir, 'grand')
  await run('--renew', 'grand')
  t.equal(certificateOf(dir, 'grand').subjectAltName, subjectAltName)
  await run('--renew', 'grand', '--host', 'hub.example.org')
  t.match(certificateOf(dir, 'grand').subjectAltName, /^DNS:grand, .*, DNS:hub\.example\.org$/)
  t.notMatch(certificateOf(dir, 'grand').subjectAltName, 'grand.example.org')
  writeFileSync(join(dir, 'grand.crt'), 'spoilt')
  await run('--renew', 'grand')
  t.match(certificateOf(dir, 'grand').subjectAltName, /^DNS:grand, DNS:localhost, /)
})

test('The command uses the folder that the servers read, unless another one is named', async (t) => {
  const dir = join(t.testdir(), 'certs')
  const env = { SYNCSPHERE_CERTS_DIR: dir }
  await runCertsCommand(['eu'], env)
  await runCertsCommand(['revoke', 'eu'], env)
  t.ok(isDenied(parseDenyList(readFileSync(join(dir, 'revoked.txt'), 'utf8')), certificateOf(dir, 'eu')))
})

test('Each server is given only the files that it needs', async (t) => {
  const root = t.testdir({ certs: { ca: {}, sa: {}, strange: {} } })
  const [dir, to] = [join(root, 'authority'), join(root, 'certs')]
  const run = (...args: string[]) => runCertsCommand(['--out', dir, '--hand-out', to, ...args], {})
  t.match(await run('grand', 'eu'), /^Copied to .*: eu, grand$/m)
  t.strictSame(readdirSync(join(to, 'eu')).sort(), ['ca.crt', 'eu.crt', 'eu.key'])
  for (const file of readdirSync(join(to, 'eu'))) {
    t.equal(readFileSync(join(to, 'eu', file), 'utf8'), contents(dir)[file])
    t.equal(statSync(join(to, 'eu', file)).mode & 0o777, 0o600, file)
  }
  t.strictSame(readdirSync(join(to, 'ca')), [], 'the key of the authority is given to no server')

  await run('sa')
  t.strictSame(readdirSync(join(to, 'sa')).sort(), ['ca.crt', 'sa.crt', 'sa.key'])
  await run('--renew', 'eu')
  t.equal(certificateOf(join(to, 'eu'), 'eu').serialNumber, certificateOf(dir, 'eu').serialNumber)
  await run('revoke', 'eu')
  t.ok(
    isDenied(parseDenyList(contents(join(to, 'grand'))['revoked.txt'] ?? ''), certificateOf(dir, 'eu')),
    'the grand is given the deny list',
  )
  writeFileSync(join(to, 'us'), 'in the way')
  await t.rejects(run('us'), { message: /^the files of us could not be copied: .*certs\/us/ })
})

test('The command creates, lists, renews and revokes certificates', async (t) => {
  const dir = join(t.testdir(), 'dev')
  const run = (...args: string[]) => runCertsCommand(['--out', dir, ...args], {})

  const first = await run()
  t.match(first, /^ {2}ca +valid until \d{4}-\d\d-\d\d, 36\d\d days, new$/m)
  for (const name of ['grand', 'eu', 'us', 'ap']) {
    t.match(first, new RegExp(`^  ${name} +valid until .*, 36\\d days(, also for .*)?, new$`, 'm'))
  }
  t.notMatch(await run('sa'), /grand.*new/)
  t.match(await run('revoke', 'us'), /^us is revoked: ([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  t.match(await run(), /^ {2}us .*REVOKED: renew it with --renew us$/m)
  t.match(await run('--renew', 'us'), /^ {2}us +valid until .*, new$/m)
  t.match(await run('--help'), 'npm run certs -- [NAME …]')
  for (const wrong of [
    ['../x'],
    ['ca'],
    ['revoke'],
    ['revoke', 'zz'],
    ['--colour'],
    ['--host', 'a b', 'eu'],
  ]) {
    await t.rejects(run(...wrong), { message: /^[^\n]+$/ }, wrong.join(' '))
  }
  writeFileSync(join(dir, 'eu.crt'), 'not a certificate')
  await t.rejects(run(), { message: /eu\.crt cannot be read as a certificate/ })
})

test('A wrong command line of `syncsphere certs` exits with 2 and makes nothing; a failed command exits with 1', async (t) => {
  const dir = join(t.testdir(), 'dev')
  const run = (args: string[]) => operate({ name: 'eu', dataDir: dir }, ['certs', '--out', dir, ...args])
  const wrong: [args: string[], says: RegExp][] = [
    [['--host'], /'--host <value>' argument missing/],
    [['EU'], /"EU" is no server's name/],
    [['--renew', 'EU'], /"EU" is no server's name/],
    [['--renew', ''], /--renew is missing/],
    [['revoke'], /revoke needs the NAME of a server/],
    [['revoke', 'EU'], /"EU" is no server's name/],
    [['revoke', 'eu', '--host', 'eu.example.org'], /revoke takes neither --host nor --renew/],
    [['a', 'b', '--host', 'h'], /--host needs the NAME/],
    [['grand', '--host', 'bad host!'], /"bad host!" is no host name/],
    [['--colour'], /'--colour'/],
    [['--out', dir], /--out is given twice/],
    [['--hand-out', ''], /--hand-out is missing/],
  ]
  for (const [args, says] of wrong) {
    const { code, output, errors } = await run(args)
    t.strictSame([code, output], [2, ''], args.join(' '))
    t.match(errors, says)
    t.match(errors, /; see syncsphere certs --help\n$/)
  }
  t.notOk(existsSync(dir), 'no command created the folder')
  t.match(await run(['eu']), { code: 0, errors: '' })
  t.match(await run(['revoke', 'us']), { code: 1, output: '', errors: /us\.crt cannot be read/ })
  t.match(await run(['--renew', 'us']), { code: 1, output: '', errors: /us has no certificate/ })
})
