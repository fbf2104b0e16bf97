import { pino } from 'pino'
import t, { type Test } from 'tap'
import { newDataDir } from '../support/data-dir.js'
import { TestRegional, testConfig } from '../support/test-regional.js'
import { until } from '../support/until.js'
import { TestGrand } from '../sync/grand/test-grand.js'

type Line = Record<string, unknown>

/** A regional `eu` with a database of its own, and its log lines. */
async function openEu(t: Test, grand: TestGrand) {
  const logged: Line[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void logged.push(JSON.parse(line)) })
  const config = await testConfig({
    name: 'eu',
    dataDir: await newDataDir(t),
    certsDir: grand.certsDir,
    grandUrl: grand.url,
  })
  const regional = new TestRegional(config, { logger })
  await regional.open()
  return { regional, logged }
}

t.test('Two servers of one name are logged at warn by the grand and by both servers', async (t) => {
  const grand = await TestGrand.open(t)
  const first = await openEu(t, grand)
  t.teardown(() => first.regional.close())
  await until('the first server is linked', () => grand.logged.some(({ msg }) => msg === 'linked'))
  const second = await openEu(t, grand)
  t.teardown(() => second.regional.close())

  const warnings = (logged: Line[]) =>
    logged.filter(({ level, msg }) => level === 40 && /two servers/.test(`${msg}`))
  for (const [name, { logged }] of Object.entries({ first, second })) {
    await until(`the ${name} logs a warning`, () => warnings(logged).length > 0)
    t.match(warnings(logged)[0], { reason: /name eu, from (::ffff:)?127\.0\.0\.1$/ }, name)
  }
  t.match(warnings(grand.logged)[0], { regional: 'eu', addresses: [/127\.0\.0\.1$/, /127\.0\.0\.1$/] })
})

t.test('A server that loses its link and reconnects is not reported as two servers', async (t) => {
  const grand = await TestGrand.open(t)
  const eu = await openEu(t, grand)
  t.teardown(() => eu.regional.close())
  const links = () => grand.logged.filter(({ msg }) => msg === 'linked').length
  await until('the server is linked', () => links() === 1)
  await eu.regional.restart()
  await until('the server is linked again', () => links() === 2)
  t.notOk([...grand.logged, ...eu.logged].some(({ msg }) => /two servers/.test(`${msg}`)))
})
