/**
 * What must not compile: checked by `npm run types`, where a line below `@ts-expect-error` that does compile is an
 * error. Nothing here is ever run.
 */
import { Readable } from 'node:stream'
import type { Handlers, Input, OperationId, Output } from '../../src/contract/handlers.js'

declare const all: Handlers

const { logoutUser: _, ...incomplete } = all
// @ts-expect-error a missing handler
export const missing: Handlers = incomplete

// @ts-expect-error a surplus handler
export const surplus: Handlers = { ...all, brewCoffee: () => ({ status: 204 }) }

// @ts-expect-error a status that is not declared
export const wrongStatus: Handlers = { ...all, logoutUser: () => ({ status: 200 }) }

// @ts-expect-error a refusal is thrown, not returned
export const refusal: Handlers = { ...all, logoutUser: () => ({ status: 401 }) }

// @ts-expect-error a body where none is declared
export const surplusBody: Handlers = { ...all, logoutUser: () => ({ status: 204, body: {} }) }

// @ts-expect-error no body where one is declared
export const noBody: Handlers = { ...all, getMe: () => ({ status: 200 }) }

// @ts-expect-error a body of another shape
export const wrongBody: Handlers = { ...all, getHealth: () => ({ status: 200, body: { status: 'ill' } }) }

// @ts-expect-error an operation that does not exist
export const unknownOperation: OperationId = 'brewCoffee'

// @ts-expect-error the HEAD of a download is served by downloadFile
export const headOperation: OperationId = 'downloadFileHead'

export const bytes: Output<'downloadFile'> = { status: 206, body: Readable.from([]) }

export const stream: Output<'streamEvents'> = { status: 200, body: (response) => void response.end() }

export const metrics: Output<'getMetrics'> = { status: 200, body: 'up 1\n' }

export function inputs(
  login: Input<'loginUser'>,
  file: Input<'updateFile'>,
  upload: Input<'uploadFile'>,
): unknown[] {
  const ifMatch: string | undefined = file.headers['if-match']
  const id: string = file.params.file_id
  const nothing: undefined = upload.body
  // @ts-expect-error an undeclared property
  return [login.body.identifier, ifMatch, id, nothing, login.body.user_id]
}
