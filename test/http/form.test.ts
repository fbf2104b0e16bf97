import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { formParts } from '../../src/http/api/form.js'
import { filePart, formOf } from '../support/multipart.js'

const BOUNDARY = 'b-1'

/** Bytes with many partial delimiters. */
const contents = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '-', '--', '\r\n--b', '\r\n--b-', 'b-1', 'x'), { maxLength: 30 })
  .map((pieces) => pieces.join(''))
  .filter((text) => !`\r\n${text}`.includes(`\r\n--${BOUNDARY}`))

t.test('a form is parsed the same with any chunk boundaries', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(contents, { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      async (files, sizes) => {
        const { body } = formOf(
          files.map((file, index) => filePart(`${index}.txt`, file)),
          BOUNDARY,
        )
        const read: string[] = []
        for await (const { filename, copy } of formParts(requestOf(body, sizes))) {
          const chunks: Buffer[] = []
          // Every other chunk arrives asynchronously.
          await copy((chunk) => (chunks.push(chunk) % 2 === 0 ? undefined : Promise.resolve()))
          read.push(`${filename} ${Buffer.concat(chunks)}`)
        }
        t.same(
          read,
          files.map((file, index) => `${index}.txt ${file}`),
        )
      },
    ),
    { numRuns: 300 },
  )
})

/** A request whose body arrives in chunks of these sizes, repeated cyclically. */
function requestOf(body: Buffer, sizes: number[]): IncomingMessage {
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length; at += chunks.at(-1)?.length ?? 0)
    chunks.push(body.subarray(at, at + (sizes[chunks.length % sizes.length] ?? 1)))
  const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
  return Object.assign(Readable.from(chunks), { headers, complete: true }) as unknown as IncomingMessage
}
