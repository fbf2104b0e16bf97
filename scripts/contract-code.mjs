/**
 * Makes the types of openapi.yaml. With --check it only says, by its exit code, whether they are as they would be made.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTypescript, { astToString } from 'openapi-typescript'
import ts from 'typescript'

const HEADER = '/** Made from openapi.yaml by `npm run contract:code`. Do not edit. */\n\n'
const BYTES = ts.factory.createUnionTypeNode([
  ts.factory.createTypeReferenceNode('Readable'),
  ts.factory.createTypeReferenceNode('Buffer'),
])

const types = await openapiTypescript(new URL('../openapi.yaml', import.meta.url), {
  inject: "import type { Readable } from 'node:stream'\n",
  transform: (schema) => (schema.format === 'binary' ? BYTES : undefined),
})

const target = new URL('../src/contract/types.gen.ts', import.meta.url)
const text = HEADER + astToString(types)
if (!process.argv.includes('--check')) writeFileSync(target, text)
else if (readFileSync(target, 'utf8') !== text) {
  console.error(`${target.pathname} is not what openapi.yaml says: run npm run contract:code`)
  process.exitCode = 1
}
