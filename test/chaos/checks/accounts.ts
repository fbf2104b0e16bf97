import type { Client } from '../../support/client.js'
import { type AccountModel, type Verdict, verdictOf, verdictOfCredential } from '../model/world.js'
import { logIn } from '../requests.js'
import { compareFiles, downloadFaults } from './files.js'
import { type View, viewOf } from './view.js'

/** The state of one account on every server, and its faults. */
export interface Found {
  account: AccountModel
  /** Undefined for an account that does not exist. Differences between servers are faults. */
  view: View | undefined
  lost: string[]
  wrong: string[]
}

/** Checks an account on every server with its owner's credentials. */
export async function checkAccount(account: AccountModel, clients: Map<string, Client>): Promise<Found> {
  const found: Found = { account, view: undefined, lost: [], wrong: [] }
  const report = (fault: string) => found.wrong.push(`${account.username}: ${fault}`)
  await checkCredentials(account, clients, report)
  const views = new Map<string, View | undefined>()
  for (const [server, client] of clients) {
    const headers = await logInAny(account, client.origin)
    const view = headers && (await viewOf(client, headers))
    views.set(server, view)
    if (headers === undefined || view === undefined) continue
    const { lost, wrong } = compareFiles(account, view)
    found.lost.push(...lost.map((fault) => `${server}: ${account.username}: ${fault}`))
    for (const fault of wrong) report(`${server}: ${fault}`)
    if (!account.email.permitted().has(view.me.email)) report(`${server}: the email is ${view.me.email}`)
    const share = view.files.filter(
      (_, index) => index % clients.size === [...clients.keys()].indexOf(server),
    )
    for (const fault of await downloadFaults(client, headers, share)) report(`${server}: ${fault}`)
  }
  found.view = [...views.values()].find((view) => view !== undefined)
  if (new Set([...views.values()].map((view) => JSON.stringify(view))).size > 1)
    report(`differs between servers: ${differences(views)}`)
  const verdict = verdictOf(account.registration, ...account.deletions)
  const disabled = account.disabled.permitted()
  if (found.view !== undefined && !disabled.has(false)) report('is accessible although disabled')
  if (verdict === 'must' && !disabled.has(true) && found.view === undefined)
    found.lost.push(`the account ${account.username} is lost`)
  if (verdict === 'must-not' && found.view !== undefined) report('exists and must not')
  return found
}

/** Logs in with each password that the account may have; undefined if none works. */
async function logInAny(
  account: AccountModel,
  url: () => string,
): Promise<Record<string, string> | undefined> {
  for (const identifier of account.email.permitted()) {
    for (const password of account.password.permitted()) {
      const { headers } = await logIn(url, identifier, password)
      if (headers !== undefined) return headers
    }
  }
  return undefined
}

async function checkCredentials(
  account: AccountModel,
  clients: Map<string, Client>,
  report: (fault: string) => void,
): Promise<void> {
  for (const credential of account.credentials) {
    const verdict = verdictOfCredential(account, credential)
    const works = new Map<string, boolean>()
    for (const [server, client] of clients)
      works.set(server, (await client.get('/me', credential.headers)).status === 200)
    const fault = faultOf(verdict, [...works.values()])
    if (fault !== undefined) report(`a ${credential.kind} ${fault}: ${JSON.stringify([...works])}`)
  }
}

function faultOf(verdict: Verdict, works: boolean[]): string | undefined {
  if (new Set(works).size > 1) return 'differs between servers'
  if (verdict === 'must' && !works[0]) return 'was never revoked but does not work'
  if (verdict === 'must-not' && works[0]) return 'was revoked but works'
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
