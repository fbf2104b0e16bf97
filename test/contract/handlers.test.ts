import t from 'tap'
import type { Handlers, Input, OperationId, Output } from '../../src/contract/handlers.js'
import { sourceOf } from '../support/byte-sources.js'

/** Never runs. `npm run types` fails if a line below `@ts-expect-error` compiles. */
function mustNotCompile(all: Handlers): unknown[] {
  const { logoutUser: _, ...incomplete } = all
  // @ts-expect-error a missing handler
  const missing: Handlers = incomplete
  // @ts-expect-error an extra handler
  const extra: Handlers = { ...all, brewCoffee: () => ({ status: 204 }) }
  // @ts-expect-error a status that is not declared
  const wrongStatus: Handlers = { ...all, logoutUser: () => ({ status: 200 }) }
  // @ts-expect-error handlers throw errors instead of returning them
  const returnedError: Handlers = { ...all, logoutUser: () => ({ status: 401 }) }
  // @ts-expect-error a body where none is declared
  const extraBody: Handlers = { ...all, logoutUser: () => ({ status: 204, body: {} }) }
  // @ts-expect-error no body where one is declared
  const noBody: Handlers = { ...all, getMe: () => ({ status: 200 }) }
  // @ts-expect-error a body of another shape
  const wrongBody: Handlers = { ...all, getHealth: () => ({ status: 200, body: { status: 'ill' } }) }
  // @ts-expect-error an operation that does not exist
  const unknownOperation: OperationId = 'brewCoffee'
  // @ts-expect-error the HEAD of a download is served by downloadFile
  const headOperation: OperationId = 'downloadFileHead'
  return [
    missing,
    extra,
    wrongStatus,
    returnedError,
    extraBody,
    noBody,
    wrongBody,
    unknownOperation,
    headOperation,
  ]
}

function mustCompile(file: Input<'updateFile'>, upload: Input<'uploadFile'>): unknown[] {
  const bytes: Output<'downloadFile'> = { status: 206, body: sourceOf(Buffer.alloc(0)) }
  const stream: Output<'streamEvents'> = { status: 200, body: (response) => void response.end() }
  const metrics: Output<'getMetrics'> = { status: 200, body: 'up 1\n' }
  const ifMatch: string | undefined = file.headers['if-match']
  const id: string = file.params.file_id
  const nothing: undefined = upload.body
  return [bytes, stream, metrics, ifMatch, id, nothing]
}

t.test('handlers that do not fit the contract do not compile', async (t) => {
  t.type(mustNotCompile, 'function')
  t.type(mustCompile, 'function')
})
