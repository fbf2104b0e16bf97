import { fastifySwagger } from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { Contract } from '../../contract/load.js'

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

/** The page shows a response when it has ended, and a stream of events does not end: it has no button to try it. */
const DOCS_CSS = `
.swagger-ui .info summary { cursor: pointer; font-weight: bold; }
.swagger-ui [id$="-streamEvents"] .execute-wrapper { display: none; }
`

/**
 * Serves the contract: /openapi.yaml as written, /openapi.json, and /docs, where operations can be tried. Who comes without
 * a path is led there.
 */
export async function addApiDocs(app: FastifyInstance, { text, document }: Contract): Promise<void> {
  const json = JSON.stringify(document)
  app.get('/', (_request, reply) => reply.redirect('/docs'))
  app.get('/openapi.yaml', (_request, reply) => reply.type('application/yaml').send(text))
  app.get('/openapi.json', (_request, reply) => reply.type('application/json').send(json))
  await app.register(fastifySwagger, {
    mode: 'static',
    specification: { document: withFoldedChapters(document) as never },
  })
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    theme: { title: 'SyncSphere API', css: [{ filename: 'syncsphere.css', content: DOCS_CSS }] },
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

/** The document with each chapter of its description folded, so that operations are in sight without scrolling. */
function withFoldedChapters(document: Contract['document']): Contract['document'] {
  const [summary = '', ...chapters] = (document.info.description ?? '').split(/^## /m)
  const folded = chapters.map((chapter) => {
    const [title, ...text] = chapter.split('\n')
    return `<details><summary>${title}</summary>\n\n${text.join('\n').trim()}\n\n</details>\n\n`
  })
  return { ...document, info: { ...document.info, description: [summary, ...folded].join('') } }
}
