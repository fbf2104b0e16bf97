import type { Client } from '../../support/client.js'
import { type AccountModel, credentialFate, fate, type Verdict } from '../model/world.js'
import { logIn } from '../requests.js'
import { compareFiles, downloadFaults } from './files.js'
import { type View, viewOf } from './view.js'

/** What was found of one account: what it sees on each server, and what is wrong with that. */
export interface Found {
  account: AccountModel
  /** The same everywhere, or else it is a fault; undefined for an account that is not there. */
  view: View | undefined
  lost: string[]
  wrong: string[]
}

/** Looks at an account on every server, as its owner can. */
export async function lookAt(account: AccountModel, clients: Map<string, Client>): Promise<Found> {
  const found: Found = { account, view: undefined, lost: [], wrong: [] }
  const say = (fault: string) => found.wrong.push(`${account.username}: ${fault}`)
  await checkCredentials(account, clients, say)
  const views = new Map<string, View | undefined>()
  for (const [server, client] of clients) {
    const headers = await openWith(account, client.origin)
    const view = headers && (await viewOf(client, headers))
    views.set(server, view)
    if (headers === undefined || view === undefined) continue
    const { lost, wrong } = compareFiles(account, view)
    found.lost.push(...lost.map((fault) => `${server}: ${account.username}: ${fault}`))
    for (const fault of wrong) say(`${server}: ${fault}`)
    if (!account.email.lawful().has(view.me.email)) say(`${server}: the email is ${view.me.email}`)
    const share = view.files.filter(
      (_, index) => index % clients.size === [...clients.keys()].indexOf(server),
    )
    for (const fault of await downloadFaults(client, headers, share)) say(`${server}: ${fault}`)
  }
  found.view = [...views.values()].find((view) => view !== undefined)
  if (new Set([...views.values()].map((view) => JSON.stringify(view))).size > 1)
    say(`is not the same everywhere: ${differences(views)}`)
  const verdict = fate(account.registration, ...account.deletions)
  const disabled = account.disabled.lawful()
  if (found.view !== undefined && !disabled.has(false)) say('is open, and is disabled')
  if (verdict === 'must' && !disabled.has(true) && found.view === undefined)
    found.lost.push(`the account ${account.username} is lost`)
  if (verdict === 'must-not' && found.view !== undefined) say('is there, and must not be')
  return found
}

/** Logs in with one of the passwords that may be the account's; undefined when none opens it. */
async function openWith(
  account: AccountModel,
  url: () => string,
): Promise<Record<string, string> | undefined> {
  for (const identifier of account.email.lawful()) {
    for (const password of account.password.lawful()) {
      const { headers } = await logIn(url, identifier, password)
      if (headers !== undefined) return headers
    }
  }
  return undefined
}

async function checkCredentials(
  account: AccountModel,
  clients: Map<string, Client>,
  say: (fault: string) => void,
): Promise<void> {
  for (const credential of account.credentials) {
    const verdict = credentialFate(account, credential)
    const works = new Map<string, boolean>()
    for (const [server, client] of clients)
      works.set(server, (await client.get('/me', credential.headers)).status === 200)
    const fault = faultOf(verdict, [...works.values()])
    if (fault !== undefined) say(`a ${credential.kind} ${fault}: ${JSON.stringify([...works])}`)
  }
}

function faultOf(verdict: Verdict, works: boolean[]): string | undefined {
  if (new Set(works).size > 1) return 'does not work everywhere alike'
  if (verdict === 'must' && !works[0]) return 'was ended by nobody and does not work'
  if (verdict === 'must-not' && works[0]) return 'was ended and works'
  return undefined
}

function differences(views: Map<string, View | undefined>): string {
  return [...views]
    .map(([server, view]) => {
      if (view === undefined) return `${server}: nothing`
      const { me, files, friends } = view
      return `${server}: ${me.username} ${me.email} ${me.used_storage} bytes, ${files.length} files, ${friends.length} friends`
    })
    .join('; ')
}
