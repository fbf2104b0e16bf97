import { installed } from '../installed.js'
import type { Register } from '../prepared.js'
import type { Contender } from '../row.js'
import { TempFolder } from '../temp-folder.js'
import { RsyncOverStunnel } from './rsync-stunnel.js'
import { SyncthingPair } from './syncthing.js'

/** Files to replicate from one folder to another. */
export interface Payload {
  /** In the unit of the row's rate. */
  amount: number
  bytes: number
  /** Writes the files, with new content each time. */
  write(folder: string): void
}

/** Peers that copy files between machines, each with an empty destination in every round. */
export async function relayPeers(own: Register, missing: string[], payload: Payload): Promise<Contender[]> {
  const contenders: Contender[] = []
  const syncthing = installed('syncthing')
  if (syncthing === undefined) missing.push(SyncthingPair.missing)
  else contenders.push({ name: 'Syncthing', measure: () => bySyncthing(syncthing, payload) })
  const [rsync, stunnel] = [installed('rsync'), installed('stunnel')]
  if (rsync === undefined || stunnel === undefined) missing.push(RsyncOverStunnel.missing)
  else {
    const peer = own(await RsyncOverStunnel.start(rsync, stunnel))
    contenders.push({ name: 'rsync --fsync over stunnel', measure: () => byRsync(peer, payload) })
  }
  return contenders
}

async function bySyncthing(command: string, { amount, bytes, write }: Payload) {
  await using pair = await SyncthingPair.start(command)
  write(pair.source)
  return { rate: amount / (await pair.timeToSync(bytes)) }
}

async function byRsync(peer: RsyncOverStunnel, { amount, write }: Payload) {
  await using source = new TempFolder()
  write(source.path)
  return { rate: amount / (await peer.timeToSend(source.path)) }
}
