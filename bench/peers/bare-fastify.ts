/** A bare Fastify server with one static JSON object per route: `node bare-fastify.js FOLDER '{"/path": …}'`. */
import { fastify } from 'fastify'

const [, , , responses = '{}'] = process.argv
const app = fastify()
for (const [path, response] of Object.entries(JSON.parse(responses) as Record<string, object>)) {
  app.get(path, () => response)
}
console.log(await app.listen({ host: '127.0.0.1', port: 0 }))
