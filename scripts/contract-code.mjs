/**
 * Makes code of openapi.yaml: its types, and the document itself, so that a server need not parse YAML when it starts.
 * With --check it only says, by its exit code, whether the files are as they would be made.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { load } from 'js-yaml'
import openapiTypescript, { astToString } from 'openapi-typescript'
import ts from 'typescript'

const HEADER = '/** Made from openapi.yaml by `npm run contract:code`. Do not edit. */\n\n'
const BYTES = ts.factory.createUnionTypeNode([
  ts.factory.createTypeReferenceNode('Readable'),
  ts.factory.createTypeReferenceNode('Buffer'),
])

const source = new URL('../openapi.yaml', import.meta.url)
const types = await openapiTypescript(source, {
  inject: "import type { Readable } from 'node:stream'\n",
  transform: (schema) => (schema.format === 'binary' ? BYTES : undefined),
})
const document = JSON.stringify(load(readFileSync(source, 'utf8')), null, 2)

const made = [
  [new URL('../src/contract/types.gen.ts', import.meta.url), astToString(types)],
  [
    new URL('../src/contract/document.gen.ts', import.meta.url),
    `export const OPENAPI_DOCUMENT: unknown = ${document}\n`,
  ],
]
for (const [target, code] of made) {
  const text = HEADER + code
  if (!process.argv.includes('--check')) writeFileSync(target, text)
  else if (readFileSync(target, 'utf8') !== text) {
    console.error(`${target.pathname} is not what openapi.yaml says: run npm run contract:code`)
    process.exitCode = 1
  }
}
