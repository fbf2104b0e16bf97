import { load } from 'js-yaml'
import { pino } from 'pino'
import type { Document } from '../../src/contract/document.js'
import type { Contract } from '../../src/contract/load.js'
import type { Caller } from '../../src/domain/caller.js'
import { buildServer, type ServerDeps } from '../../src/http/server.js'

/** A contract with one operation of each kind, to test the HTTP edge independently of the project's operations. */
const SMALL_CONTRACT = `
openapi: 3.1.0
info: { title: Small, version: 1.0.0 }
paths:
  /notes:
    get:
      operationId: listNotes
      security: [{ session: [] }, { token: [read] }, { basic: [read] }]
      parameters:
        - { name: limit, in: query, schema: { type: integer, minimum: 1, maximum: 200, default: 50 } }
        - { name: tag, in: query, schema: { type: array, items: { type: string } } }
        - { name: X-Colour, in: header, schema: { type: string, enum: [red, blue] } }
      responses: { '200': { $ref: '#/components/responses/Anything' }, '400': { $ref: '#/components/responses/Invalid' } }
    post:
      operationId: createNote
      security: [{ session: [] }, { token: [write] }, { basic: [write] }]
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: '#/components/schemas/NewNote' } } }
      responses:
        '201':
          description: Made.
          content: { application/json: { schema: { $ref: '#/components/schemas/Note' } } }
        '400': { $ref: '#/components/responses/Invalid' }
        '429': { description: Too often. }
  /notes/{note_id}:
    parameters:
      - { name: note_id, in: path, required: true, schema: { type: string, minLength: 2, maxLength: 40 } }
    get:
      operationId: getNote
      security: [{}, { session: [] }, { token: [read] }, { basic: [read] }]
      responses: { '200': { description: Bytes., content: { '*/*': { schema: { type: string, format: binary } } } } }
    head:
      operationId: getNoteHead
      security: [{}, { session: [] }, { token: [read] }, { basic: [read] }]
      responses: { '200': { description: No bytes., content: { '*/*': { schema: { type: string, format: binary } } } } }
    delete:
      operationId: deleteNote
      security: [{ session: [] }]
      responses: { '204': { description: Gone. } }
  /login:
    post:
      operationId: loginUser
      security: []
      requestBody:
        required: true
        content: { application/json: { schema: { type: object, properties: { name: { type: string } } } } }
      responses: { '204': { description: In. }, '429': { description: Too often. } }
  /upload:
    post:
      operationId: upload
      security: [{ token: [write] }, { basic: [write] }]
      requestBody: { required: true, content: { multipart/form-data: { schema: { type: object } } } }
      responses: { '200': { $ref: '#/components/responses/Anything' } }
  /events:
    get:
      operationId: streamNotes
      security: [{ token: [read] }, { basic: [read] }]
      responses: { '200': { description: Events., content: { text/event-stream: { schema: { type: string } } } } }
  /metrics:
    get:
      operationId: getMetrics
      security: [{ operator: [] }]
      responses: { '200': { description: Text., content: { text/plain: { schema: { type: string } } } } }
components:
  securitySchemes:
    session: { type: apiKey, in: cookie, name: syncsphere_session }
    token: { type: http, scheme: bearer }
    basic: { type: http, scheme: basic }
    operator: { type: http, scheme: bearer }
  responses:
    Anything: { description: As it came., content: { application/json: { schema: { type: object, additionalProperties: true } } } }
    Invalid:
      description: Not valid.
      content:
        application/problem+json: { schema: { type: object }, examples: { validation-failed: {}, malformed-json: {} } }
  schemas:
    NewNote:
      type: object
      required: [text]
      properties: { text: { type: string, minLength: 1 }, stars: { type: integer }, email: { type: string, format: email } }
    Note:
      type: object
      additionalProperties: false
      required: [id, text]
      properties: { id: { type: string }, text: { type: string } }
`

const USER = '01a207ee-7dc0-70be-9c38-98d190f9ebda'

const SESSION: Caller = {
  kind: 'session',
  user_id: USER,
  session_id: USER,
  session_created_at: '2026-11-23T10:00:00.000Z',
}

export const OPERATOR_TOKEN = 'the-operator'

type LooseHandler = (
  input: { body: Record<string, unknown> } & Record<string, unknown>,
  context: never,
) => unknown

/** Handlers that return their input; tests replace some. */
export const smallHandlers: Record<string, LooseHandler> = {
  listNotes: ({ query, headers }) => ({ status: 200, body: { query, headers } }),
  createNote: ({ body }) => ({ status: 201, body: { id: 'n1', ...body, secret: 'kept' } }),
  getNote: () => ({ status: 200, headers: { 'content-length': '5' }, body: Buffer.from('bytes') }),
  deleteNote: () => ({ status: 204 }),
  loginUser: () => ({ status: 204 }),
  upload: () => ({ status: 200, body: {} }),
  streamNotes: () => ({ status: 200, body: () => undefined }),
  getMetrics: () => ({ status: 200, body: 'up 1\n' }),
}

export function smallContract(change = (text: string) => text): Contract {
  const text = change(SMALL_CONTRACT)
  return { text, document: load(text) as Document }
}

/** A server of the small contract: session `alive`, tokens `reader` and `writer` of `dana`. */
export function buildSmall(
  handlers: Record<string, unknown> = {},
  options: Partial<ServerDeps> = {},
): ReturnType<typeof buildServer> {
  const token = (scope: 'read' | 'write'): Caller => ({ kind: 'token', user_id: USER, token_id: USER, scope })
  return buildServer({
    contract: smallContract(),
    handlers: { ...smallHandlers, ...handlers } as never,
    credentials: {
      sessions: (secret) => (secret === 'alive' ? SESSION : undefined),
      tokens: (secret, username = 'dana') =>
        username === 'dana' ? { reader: token('read'), writer: token('write') }[secret] : undefined,
      operatorToken: OPERATOR_TOKEN,
    },
    logger: pino({ level: 'silent' }),
    ...options,
  })
}
