import { fastifySwagger } from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { Contract } from '../../contract/load.js'

/** Swagger UI loads its own scripts, needs inline styles, and calls only this server. */
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

/** Swagger UI shows a response after its end. An event stream has none, so the page hides its "Execute" button. */
const DOCS_CSS = `
.swagger-ui .info summary { cursor: pointer; font-weight: bold; }
.swagger-ui [id$="-streamEvents"] .execute-wrapper { display: none; }
`

/**
 * Serves the contract: /openapi.yaml with its comments, /openapi.json, and /docs, where users can try operations. `/`
 * redirects to /docs.
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
      // The default layout has a bar that loads other documents.
      layout: 'BaseLayout',
      deepLinking: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      // Tokens must not stay in the browser's storage.
      persistAuthorization: false,
    },
  })
}

/** Folds each chapter of the description, so that the operations are visible without scrolling. */
function withFoldedChapters(document: Contract['document']): Contract['document'] {
  const [summary = '', ...chapters] = (document.info.description ?? '').split(/^## /m)
  const folded = chapters.map((chapter) => {
    const [title, ...text] = chapter.split('\n')
    return `<details><summary>${title}</summary>\n\n${text.join('\n').trim()}\n\n</details>\n\n`
  })
  return { ...document, info: { ...document.info, description: [summary, ...folded].join('') } }
}
