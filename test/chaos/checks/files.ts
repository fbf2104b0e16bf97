import type { Client } from '../../support/client.js'
import { sha256 } from '../../support/person.js'
import { type AccountModel, type FileModel, verdictOf } from '../model/world.js'
import type { FileView, View } from './view.js'

/** Servers that store every file once the sphere has converged. */
const EVERYBODY = ['ap', 'eu', 'grand', 'us']

/** Compares an account's files on one server with the model. Returns the lost files and all other faults. */
export function compareFiles(
  account: AccountModel,
  { me, files }: View,
): { lost: string[]; wrong: string[] } {
  const lost: string[] = []
  const wrong: string[] = []
  const unexplained = new Map(files.map((file) => [file.id, file]))
  for (const model of account.files) {
    const file = take(unexplained, model)
    const verdict = verdictOf(model.upload, ...model.deletions)
    const name = `${model.id ?? 'a file'} (${[...model.name.permitted()].join(' or ')}, uploaded on ${model.server})`
    if (file === undefined && verdict === 'must') lost.push(`${name} is lost`)
    if (file !== undefined && verdict === 'must-not') wrong.push(`${name} exists and must not`)
    if (file !== undefined) wrong.push(...faultsOf(file, model).map((fault) => `${name}: ${fault}`))
  }
  for (const { id, name } of unexplained.values())
    wrong.push(`${id} (${name}) was not uploaded by the account`)
  const sum = files.reduce((total, { size }) => total + size, 0)
  if (sum !== me.used_storage) wrong.push(`uses ${me.used_storage} bytes, but its files sum up to ${sum}`)
  return { lost, wrong }
}

/** Finds the file of a model by its id, or by its other properties if the upload had no response. */
function take(files: Map<string, FileView>, model: FileModel): FileView | undefined {
  const found =
    model.id === undefined
      ? [...files.values()].find(
          ({ sha256: hash, name }) =>
            model.upload.outcome === 'unknown' && hash === model.sha256 && model.name.permitted().has(name),
        )
      : files.get(model.id)
  if (found !== undefined) files.delete(found.id)
  return found
}

function faultsOf(file: FileView, model: FileModel): string[] {
  const { name, folder, visibility } = file
  return [
    file.sha256 === model.sha256 && file.size === model.size ? '' : 'has another hash or size',
    model.name.permitted().has(name) ? '' : `is named ${name}`,
    model.folder.permitted().has(folder)
      ? ''
      : `is in ${folder}, not in ${[...model.folder.permitted()].join(' or ')}`,
    model.visibility.permitted().has(visibility as never) ? '' : `is ${visibility}`,
    file.available ? '' : 'is unavailable',
    file.stored_on.join() === EVERYBODY.join() ? '' : `is stored only on ${file.stored_on.join()}`,
  ].filter((fault) => fault !== '')
}

/** Downloads files and compares each with its hash. */
export async function downloadFaults(
  client: Client,
  headers: Record<string, string>,
  files: FileView[],
): Promise<string[]> {
  const faults: string[] = []
  for (const file of files) {
    const { status, bytes } = await client.get(`/download/${file.id}`, headers)
    if (status !== 200) faults.push(`the download of ${file.id} returned ${status}`)
    else if (sha256(bytes) !== file.sha256) faults.push(`the content of ${file.id} differs from its hash`)
  }
  return faults
}
