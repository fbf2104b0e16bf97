import type { Handlers } from '../../contract/handlers.js'
import type { Files } from '../../domain/files.js'
import { allowsChange, matchesWeakly } from '../responses/conditional.js'
import { accountOf } from './identity.js'

type FileHandlers = Pick<Handlers, 'listFiles' | 'getFile' | 'updateFile' | 'deleteFile'>

export function fileHandlers(files: Files): FileHandlers {
  return {
    listFiles({ query }, { caller }) {
      return {
        status: 200,
        body: files.list(accountOf(caller).user_id, { limit: 50, ...query }),
      }
    },

    getFile({ params, headers }, { caller }) {
      const { file, etag } = files.get(caller, params.file_id)
      if (matchesWeakly(headers['if-none-match'], etag)) return { status: 304, headers: { etag } }
      return { status: 200, headers: { etag }, body: file }
    },

    async updateFile({ params, headers, body }, { caller }) {
      const ifMatch = (etag: string) => allowsChange(headers['if-match'], etag)
      const { file, etag } = await files.update(caller, params.file_id, body, ifMatch)
      return { status: 200, headers: { etag }, body: file }
    },

    async deleteFile({ params }, { caller }) {
      await files.delete(caller, params.file_id)
      return { status: 204 }
    },
  }
}
