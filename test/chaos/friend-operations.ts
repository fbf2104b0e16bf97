import type { Device, Operation } from './device.js'
import type { AccountModel, PairModel } from './model/world.js'
import type { Tried } from './requests.js'

export const FRIEND_OPERATIONS: [kind: string, operation: Operation][] = [
  ['request friend', ask],
  ['answer request', response],
  ['cancel request', cancel],
  ['remove friend', end],
  ['list friends', (device) => device.ask('GET', '/friends')],
  ["list a friend's files", seeFiles],
]

interface RequestView {
  id: string
  from: { id: string }
  to: { id: string }
}

/** Each account has few contacts, so that conflicts between the same two are common. */
function acquaintance({ random, account, options }: Device): AccountModel {
  const { people } = options
  const own = people.indexOf(account)
  return people[
    (own + random.pick([1, 2, people.length - 2, people.length - 1])) % people.length
  ] as AccountModel
}

function pairWith(device: Device, id: string): PairModel | undefined {
  const { world } = device.options
  const other = world.accounts.find((one) => one.id === id)
  return other === undefined ? undefined : world.pair(device.account, other)
}

async function ask(device: Device): Promise<Tried> {
  const other = acquaintance(device)
  const tried = await device.ask('POST', '/friends/request', { json: { username: other.username } })
  const { active } = device.options.world.pair(device.account, other)
  // A request accepts the other account's pending request; otherwise the friendship is still undecided.
  if (tried.outcome === 'unknown' || tried.response?.status === 200) active.note(true, tried)
  return tried
}

async function requests(device: Device, direction: 'incoming' | 'outgoing'): Promise<RequestView[]> {
  const tried = await device.ask('GET', `/friends/requests?direction=${direction}`)
  return (tried.response?.status === 200 ? tried.response.json['items'] : []) as RequestView[]
}

async function response(device: Device): Promise<Tried | undefined> {
  const incoming = await requests(device, 'incoming')
  if (incoming.length === 0) return undefined
  const { id, from } = device.random.pick(incoming)
  const accepts = device.random.happens(0.7)
  const tried = await device.ask('POST', `/friends/${accepts ? 'accept' : 'reject'}/${id}`)
  // A rejected request does not end a friendship that another request made.
  pairWith(device, from.id)?.active.note(accepts, tried, accepts)
  return tried
}

async function cancel(device: Device): Promise<Tried | undefined> {
  const outgoing = await requests(device, 'outgoing')
  if (outgoing.length === 0) return undefined
  const { id, to } = device.random.pick(outgoing)
  const tried = await device.ask('DELETE', `/friends/request/${id}`)
  pairWith(device, to.id)?.active.note(false, tried, false)
  return tried
}

async function end(device: Device): Promise<Tried> {
  const other = acquaintance(device)
  const tried = await device.ask('DELETE', `/friends/${other.username}`)
  device.options.world.pair(device.account, other).active.note(false, tried)
  return tried
}

async function seeFiles(device: Device): Promise<Tried> {
  return device.ask('GET', `/friends/${acquaintance(device).username}/files`)
}
