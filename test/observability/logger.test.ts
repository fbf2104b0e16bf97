import { test } from 'tap'
import { createLogger } from '../../src/observability/logger.js'

function capture() {
  const lines: string[] = []
  return { lines, stream: { write: (line: string) => void lines.push(line) } }
}

test('A log line is one JSON object with time, level and server', async (t) => {
  const { lines, stream } = capture()
  const log = createLogger({ level: 'info', server: 'eu', stream })
  log.info({ size: 3 }, 'stored\nwith a line break')
  log.debug('below the level')
  t.equal(lines.length, 1)
  t.equal(lines[0]?.indexOf('\n'), lines[0]!.length - 1)
  t.match(JSON.parse(lines[0]!), {
    level: 'info',
    time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    server: 'eu',
    size: 3,
    msg: 'stored\nwith a line break',
  })
})

test('Secrets at any depth of an entry are redacted', async (t) => {
  const { lines, stream } = capture()
  const log = createLogger({ level: 'info', server: 'eu', stream })
  const names = [
    'authorization',
    'cookie',
    'set-cookie',
    'password',
    'new_password',
    'token',
    'secret',
    'password_hash',
  ]
  const secrets = Object.fromEntries(names.map((name) => [name, 'hunter2']))
  log.info({ ...secrets, kept: 1 }, 'top')
  log.info({ body: secrets, kept: 1 }, 'one down')
  log.info({ req: { headers: secrets }, kept: 1 }, 'two down')
  log.info({ error: { request: { headers: secrets } }, kept: 1 }, 'three down')
  log.child(secrets).info({ kept: 1 }, 'in a child')
  log.info({ err: Object.assign(new Error('refused'), { headers: secrets }), kept: 1 }, 'in an error')
  t.equal(lines.length, 6)
  for (const line of lines) {
    t.notMatch(line, 'hunter2')
    t.match(JSON.parse(line), { kept: 1 })
  }
  t.equal(secrets['token'], 'hunter2', "the caller's object is unchanged")
})
