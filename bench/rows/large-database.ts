import { prepared } from '../prepared.js'
import { type Contender, type Figure, type Figures, HERE, type Row } from '../row.js'
import { ABSENT_WORD, COMMON_WORD, FOLDER, RARE_WORD, SEEN_WORD, SORTS } from '../seed/seeded.js'
import { SeededServer } from '../seeded-server.js'
import { multipartLoad } from '../unique-bodies.js'
import { responsesPerSecond } from '../wrk.js'

const LARGE = { files: 1_000_000, users: 100_000 }
const SMALL = { files: 1000, users: 1000 }
const PEER = 'with 1,000'

const CONNECTIONS = 16
const SECONDS = 2

const SEARCHES = { rare: RARE_WORD, seen: SEEN_WORD, common: COMMON_WORD, absent: ABSENT_WORD }

const rate = (title: string): Figure => ({
  title,
  unit: 'requests/s',
  better: 'more',
  targets: [{ peer: PEER, ratio: 0.8 }],
})

export const largeDatabase: Row = {
  name: 'large-database',
  title: '1,000,000 files of one user, 100,000 users',
  figures: {
    start: { title: 'start to first answer', unit: 's', better: 'less', targets: [{ atMost: 1 }] },
    ...Object.fromEntries(SORTS.map((sort) => [`first ${sort}`, rate(`GET /files?sort=${sort}`)])),
    ...Object.fromEntries(
      SORTS.map((sort) => [`middle ${sort}`, rate(`GET /files?sort=${sort}, from the middle on`)]),
    ),
    rare: rate('GET /files?q= with a word that eight files have'),
    seen: { ...rate('GET /files?q= with a word that one file in a hundred has'), targets: [] },
    common: rate('GET /files?q= with a word that many files have'),
    absent: rate('GET /files?q= with a word that no file has'),
    folder: rate('GET /files?folder='),
    upload: { ...rate('upload 4 KiB, 16 connections'), unit: 'files/s' },
  },
  rounds: 3,
  prepare: () =>
    prepared(async (own) => [
      contender(HERE, own(await SeededServer.start(LARGE.files, LARGE.users))),
      contender(PEER, own(await SeededServer.start(SMALL.files, SMALL.users))),
    ]),
}

function contender(name: string, server: SeededServer): Contender {
  return { name, measure: () => measure(server), peakMegabytes: () => server.peakMegabytes() }
}

async function measure(server: SeededServer): Promise<Figures> {
  const { owner, middles } = server
  const figures: Figures = { start: await server.restart() }
  const load = { connections: CONNECTIONS, seconds: SECONDS, headers: { Cookie: owner.cookie } }
  const rateOf = (query: Record<string, string>) =>
    responsesPerSecond({ ...load, url: `${server.origin}/files?${new URLSearchParams(query)}` })
  for (const sort of SORTS) {
    figures[`first ${sort}`] = await rateOf({ sort })
    figures[`middle ${sort}`] = await rateOf({ sort, cursor: middles[sort] })
  }
  for (const [name, q] of Object.entries(SEARCHES)) figures[name] = await rateOf({ q })
  figures['folder'] = await rateOf({ folder: FOLDER })
  const uploads = multipartLoad(server.origin, owner.cookie, CONNECTIONS)
  figures['upload'] = await responsesPerSecond({ ...uploads, seconds: 2 * SECONDS })
  return figures
}
