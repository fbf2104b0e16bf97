import type { Client } from '../../support/client.js'
import { sha256 } from '../../support/person.js'
import { type AccountModel, type FileModel, fate } from '../model/world.js'
import type { FileView, View } from './view.js'

/** Servers that hold the bytes of every file once all is quiet. */
const EVERYBODY = ['ap', 'eu', 'grand', 'us']

/**
 * Compares an account's files on one server with what its owner was told. Gives the files that are lost and all else
 * that is wrong.
 */
export function compareFiles(
  account: AccountModel,
  { me, files }: View,
): { lost: string[]; wrong: string[] } {
  const lost: string[] = []
  const wrong: string[] = []
  const unexplained = new Map(files.map((file) => [file.id, file]))
  for (const model of account.files) {
    const file = take(unexplained, model)
    const verdict = fate(model.upload, ...model.deletions)
    const name = `${model.id ?? 'a file'} (${[...model.name.lawful()].join(' or ')}, uploaded on ${model.server})`
    if (file === undefined && verdict === 'must') lost.push(`${name} is lost`)
    if (file !== undefined && verdict === 'must-not') wrong.push(`${name} is there, and must not be`)
    if (file !== undefined) wrong.push(...faultsOf(file, model).map((fault) => `${name}: ${fault}`))
  }
  for (const { id, name } of unexplained.values()) wrong.push(`${id} (${name}) was uploaded by nobody`)
  const sum = files.reduce((total, { size }) => total + size, 0)
  if (sum !== me.used_storage) wrong.push(`uses ${me.used_storage} bytes, and the files have ${sum}`)
  return { lost, wrong }
}

/** The file of a model: by its id, or by all else that is known of it where its upload was never answered. */
function take(files: Map<string, FileView>, model: FileModel): FileView | undefined {
  const found =
    model.id === undefined
      ? [...files.values()].find(
          ({ sha256: hash, name }) =>
            model.upload.outcome === 'unknown' && hash === model.sha256 && model.name.lawful().has(name),
        )
      : files.get(model.id)
  if (found !== undefined) files.delete(found.id)
  return found
}

function faultsOf(file: FileView, model: FileModel): string[] {
  const { name, folder, visibility } = file
  return [
    file.sha256 === model.sha256 && file.size === model.size ? '' : 'says that it has other bytes',
    model.name.lawful().has(name) ? '' : `is named ${name}`,
    model.folder.lawful().has(folder)
      ? ''
      : `lies in ${folder}, not in ${[...model.folder.lawful()].join(' or ')}`,
    model.visibility.lawful().has(visibility as never) ? '' : `is ${visibility}`,
    file.available ? '' : 'cannot be had',
    file.stored_on.join() === EVERYBODY.join() ? '' : `is stored on ${file.stored_on.join()} only`,
  ].filter((fault) => fault !== '')
}

/** Downloads files and compares their bytes with what their hashes say. */
export async function downloadFaults(
  client: Client,
  headers: Record<string, string>,
  files: FileView[],
): Promise<string[]> {
  const faults: string[] = []
  for (const file of files) {
    const { status, bytes } = await client.get(`/download/${file.id}`, headers)
    if (status !== 200) faults.push(`the download of ${file.id} is answered ${status}`)
    else if (sha256(bytes) !== file.sha256) faults.push(`the bytes of ${file.id} are others`)
  }
  return faults
}
