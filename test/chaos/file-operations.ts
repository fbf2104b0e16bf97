import { randomBytes } from 'node:crypto'
import { fieldPart, filePart, formOf } from '../support/multipart.js'
import { sha256 } from '../support/person.js'
import { type Device, type Operation, unique } from './device.js'
import { Register } from './model/register.js'
import { type FileModel, type Visibility, verdictOf } from './model/world.js'
import type { Tried } from './requests.js'

const FOLDERS = ['/', '/a', '/a/b', '/ünï']
const VISIBILITIES: Visibility[] = ['private', 'friends', 'public']
const KIB = 1024

/** Contents that several accounts upload. */
const COMMON = [500, 70 * KIB, 300 * KIB].map((size) => randomBytes(size))

export const FILE_OPERATIONS: [kind: string, operation: Operation][] = [
  ['upload', (device) => upload(device)],
  ['upload with min_copies', (device) => upload(device, '?min_copies=2')],
  ['aborted upload', (device) => upload(device, '', AbortSignal.timeout(1 + device.random.below(40)))],
  ['update', update],
  ['delete', remove],
  ['download', download],
  ['listen', listen],
  ['list', (device) => device.ask('GET', `/files?sort=-created_at&limit=${1 + device.random.below(200)}`)],
]

function sizeOf({ random }: Device): number {
  const [low, high] = random.pick([
    [0, 200],
    [200, 8 * KIB],
    [200, 8 * KIB],
    [8 * KIB, 64 * KIB],
    [65_500, 65_600],
    [64 * KIB, 300 * KIB],
    random.happens(0.1) ? [KIB ** 2, 3 * KIB ** 2] : [100, KIB],
  ] as const)
  return Math.floor(random.between(low, high))
}

/** Uploads a file with a unique name. */
export async function upload(device: Device, query = '', signal?: AbortSignal): Promise<Tried> {
  const { random, account, server } = device
  const bytes = random.happens(0.05) ? random.pick(COMMON) : randomBytes(sizeOf(device))
  const name = `f${unique()}.bin`
  const folder = random.pick(FOLDERS)
  const visibility = random.pick(VISIBILITIES)
  const hash = sha256(bytes)
  const form = formOf([
    fieldPart('folder', folder),
    fieldPart('visibility', visibility),
    ...(random.happens(0.5) ? [fieldPart('sha256', hash)] : []),
    filePart(name, bytes),
  ])
  const tried = await device.ask('POST', `/upload${query}`, {
    body: form.body,
    headers: { 'content-type': form.contentType },
    ...(signal && { signal }),
  })
  account.files.push({
    server,
    id: tried.response?.json?.id as string | undefined,
    sha256: hash,
    size: bytes.length,
    upload: tried,
    name: new Register(name),
    folder: new Register(folder),
    visibility: new Register(visibility),
    deletions: [],
  })
  return tried
}

/** Picks a file that the account may still have. */
function anyFile({ random, account }: Device): FileModel | undefined {
  const files = account.files.filter(
    (file) => file.id !== undefined && verdictOf(file.upload, ...file.deletions) !== 'must-not',
  )
  return files.length === 0 ? undefined : random.pick(files)
}

async function update(device: Device): Promise<Tried | undefined> {
  const { random } = device
  const file = anyFile(device)
  if (file === undefined) return undefined
  const name = `r${unique()}.bin`
  const folder = random.pick(FOLDERS)
  const visibility = random.pick(VISIBILITIES)
  const changes = random.pick([{ name }, { folder }, { visibility }, { name, folder }, { name, visibility }])
  const tried = await device.ask('PATCH', `/files/${file.id}`, { json: changes })
  if ('name' in changes) file.name.note(name, tried)
  if ('folder' in changes) file.folder.note(folder, tried)
  if ('visibility' in changes) file.visibility.note(visibility, tried)
  return tried
}

async function remove(device: Device): Promise<Tried | undefined> {
  const file = anyFile(device)
  if (file === undefined) return undefined
  const tried = await device.ask('DELETE', `/files/${file.id}`)
  file.deletions.push(tried)
  return tried
}

/** Downloads a file of any account; a successful download must have the right content. */
async function download(device: Device): Promise<Tried | undefined> {
  const { world, figures } = device.options
  const owner = device.random.happens(0.5) ? device.account : device.random.pick(world.accounts)
  const files = owner.files.filter(({ id }) => id !== undefined)
  if (files.length === 0) return undefined
  const file = device.random.pick(files)
  const tried = await device.ask('GET', `/download/${file.id}`)
  if (tried.response?.status === 200 && sha256(tried.response.bytes) !== file.sha256)
    figures.violations.push(`${device.server} returned wrong content for ${file.id}`)
  return tried
}

/** Reads the event stream for a while. */
async function listen(device: Device): Promise<Tried> {
  const signal = AbortSignal.timeout(100 + device.random.below(1400))
  const tried = await device.ask('GET', '/events', { signal })
  return tried.outcome === 'unknown' && signal.aborted ? { ...tried, outcome: 'acknowledged' } : tried
}
