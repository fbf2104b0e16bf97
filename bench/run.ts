/** `npm run bench [-- [--rounds N] [--markdown] [ROW …]]`, or `--list`: measures this project and its peers. */
import { parseArgs } from 'node:util'
import { type Measurement, measureRow, type Row } from './row.js'
import { catchUp } from './rows/catch-up.js'
import { downloadHttp, downloadTls } from './rows/download.js'
import { eventStreams } from './rows/event-streams.js'
import { json } from './rows/json.js'
import { largeDatabase } from './rows/large-database.js'
import { latency } from './rows/latency.js'
import { logins } from './rows/logins.js'
import { relayLarge } from './rows/relay-large.js'
import { relaySmall } from './rows/relay-small.js'
import { rangedRequests } from './rows/requests.js'
import { uploadLarge } from './rows/upload-large.js'
import { uploadSmall } from './rows/upload-small.js'
import { markdownOf, tableOf } from './table.js'

const ROWS: Row[] = [
  downloadHttp,
  downloadTls,
  rangedRequests,
  uploadLarge,
  uploadSmall,
  json,
  logins,
  latency,
  relayLarge,
  relaySmall,
  catchUp,
  largeDatabase,
  eventStreams,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    markdown: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
})

// Servers and temporary files are removed on exit, but not on an unhandled signal.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

if (values.list) for (const { name, title } of ROWS) console.log(`${name.padEnd(16)}  ${title}`)
else await measure(wantedRows(), values.rounds === undefined ? undefined : roundsFrom(values.rounds))

async function measure(rows: Row[], rounds: number | undefined): Promise<void> {
  const measurements: Measurement[] = []
  for (const row of rows) {
    try {
      const measurement = await measureRow(row, rounds ?? row.rounds, (line) => console.error(line))
      for (const peer of measurement.missing)
        console.error(`${row.name}: without ${peer}, which is not installed`)
      measurements.push(measurement)
    } catch (error) {
      console.error(`${row.name}: not measured:`, error)
      process.exitCode = 1
    }
  }
  console.log(values.markdown ? markdownOf(measurements) : tableOf(measurements))
}

function wantedRows(): Row[] {
  const unknown = positionals.find((name) => !ROWS.some((row) => row.name === name))
  if (unknown !== undefined) {
    console.error(`there is no row ${unknown}; the rows are ${ROWS.map(({ name }) => name).join(', ')}`)
    process.exit(1)
  }
  return positionals.length === 0 ? ROWS : ROWS.filter(({ name }) => positionals.includes(name))
}

function roundsFrom(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) {
    console.error('--rounds takes a number from 1 to 99')
    process.exit(1)
  }
  return Number(text)
}
