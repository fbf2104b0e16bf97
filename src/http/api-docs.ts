import { fastifySwagger } from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { Contract } from '../contract/load.js'

/** Swagger UI runs its own scripts, styles itself inline, and calls this server only. */
const DOCS_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Serves the contract: /openapi.yaml as written, /openapi.json, and /docs, where every operation can be tried. */
export async function addApiDocs(app: FastifyInstance, { text, document }: Contract): Promise<void> {
  const json = JSON.stringify(document)
  app.get('/openapi.yaml', (_request, reply) => reply.type('application/yaml').send(text))
  app.get('/openapi.json', (_request, reply) => reply.type('application/json').send(json))
  await app.register(fastifySwagger, {
    mode: 'static',
    specification: { document: document as never },
  })
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    theme: { title: 'SyncSphere API' },
    uiConfig: {
      // Without the bar that offers to load another document.
      layout: 'BaseLayout',
      deepLinking: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      // A token that is tried does not stay in the browser's storage.
      persistAuthorization: false,
    },
  })
}
