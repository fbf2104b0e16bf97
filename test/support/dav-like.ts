import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { TokenScope } from '../../src/domain/caller.js'
import { DomainError } from '../../src/domain/errors.js'
import type { Files } from '../../src/domain/files.js'
import type { Uploads } from '../../src/domain/uploads.js'
import { receiveBody } from '../../src/http/guards/receive-body.js'
import {
  ANY_MEDIA_TYPE,
  BASIC_CHALLENGE,
  OPEN_ACCESS,
  type RouteGuards,
} from '../../src/http/guards/route-guards.js'

const XML_BYTES = 1000

/** MKCOL requests that a caller may send per minute. */
export const MKCOL_QUOTA = 3

/** An example protocol with methods and body parsers of its own, built on request guards and the domain alone. */
export function davLike({ files, uploads }: { files: Files; uploads: Uploads }): FastifyPluginAsync {
  const url = '/dav/*'
  return async (app) => {
    app.addHttpMethod('PROPFIND', { hasBody: true })
    app.addHttpMethod('MKCOL', { hasBody: true })
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/xml', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    )
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))

    app.route({
      method: 'OPTIONS',
      url,
      config: { guards: { access: OPEN_ACCESS } },
      handler: (_request, reply) => reply.code(204).header('dav', '1').send(),
    })

    app.route({
      method: 'PROPFIND',
      url,
      config: {
        guards: { ...guards('read'), body: { mediaTypes: ['application/xml'], maxBytes: XML_BYTES } },
      },
      handler: async (request, reply) => {
        const names = await namesOf(request)
        return reply.code(207).type('application/xml').send(`<names>${names}</names>`)
      },
    })

    app.route({
      method: 'MKCOL',
      url,
      config: {
        guards: { ...guards('write'), rate: { name: 'mkcol', quota: MKCOL_QUOTA, windowSeconds: 60 } },
      },
      handler: (_request, reply) => reply.code(201).send(),
    })

    app.route({
      method: 'PUT',
      url,
      config: {
        guards: { ...guards('write'), body: { mediaTypes: [ANY_MEDIA_TYPE] } },
        pathOf: () => 'path',
      },
      handler: async (request, reply) => {
        const { 'content-length': length = 0, 'content-type': type } = request.headers
        const declaredBytes = Number(length)
        const input = { name: nameIn(request), media_type: type ?? 'application/octet-stream', declaredBytes }
        uploads.assertRoom(userOf(request), declaredBytes)
        const { etag } = await uploads.store(userOf(request), input, async (take) => {
          await receiveBody(request, take)
          return {}
        })
        return reply.code(201).header('etag', etag).send()
      },
    })

    app.get(url, { config: { guards: guards('read') } }, async (request, reply) =>
      reply.type('text/plain').send(await namesOf(request)),
    )
  }

  async function namesOf(request: FastifyRequest): Promise<string> {
    const page = await files.list(userOf(request), { limit: 50 })
    const { items } = JSON.parse(page.text) as { items: { name: string }[] }
    return items.map(({ name }) => name).join()
  }
}

function guards(token: TokenScope): RouteGuards {
  return {
    access: { anonymous: false, session: true, token, operator: false },
    challenge: BASIC_CHALLENGE,
  }
}

function nameIn({ params }: FastifyRequest): string {
  return (params as { '*': string })['*']
}

function userOf({ caller }: FastifyRequest): string {
  if ('user_id' in caller) return caller.user_id
  throw new DomainError('unauthenticated', 'Log in first.')
}
