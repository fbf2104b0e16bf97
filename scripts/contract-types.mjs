/**
 * Makes src/contract/types.gen.ts from openapi.yaml; with --check it only says, by its exit code, whether the file is
 * as it would be made.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTypescript, { astToString } from 'openapi-typescript'
import ts from 'typescript'

const source = new URL('../openapi.yaml', import.meta.url)
const target = new URL('../src/contract/types.gen.ts', import.meta.url)

const BYTES = ts.factory.createUnionTypeNode([
  ts.factory.createTypeReferenceNode('Readable'),
  ts.factory.createTypeReferenceNode('Buffer'),
])

const ast = await openapiTypescript(source, {
  inject: "import type { Readable } from 'node:stream'\n",
  // What has a default may be left out by a client.
  defaultNonNullable: false,
  transform: (schema) => (schema.format === 'binary' ? BYTES : undefined),
})
const header = '/** Made from openapi.yaml by `npm run contract:types`. Do not edit. */\n\n'
const types = header + astToString(ast)

if (!process.argv.includes('--check')) writeFileSync(target, types)
else if (readFileSync(target, 'utf8') !== types) {
  console.error('src/contract/types.gen.ts is not what openapi.yaml says: run npm run contract:types')
  process.exitCode = 1
}
