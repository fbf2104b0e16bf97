import fc from 'fast-check'
import { fieldPart, filePart, formOf } from '../support/multipart.js'
import { nastyText } from './fuzz-values.js'

export interface FuzzForm {
  contentType: string
  body: Buffer
}

const header = nastyText.map((value) => value.replaceAll(/[\r\n\0"]/g, ''))

const field = fc
  .oneof(
    fc.tuple(fc.constant('folder'), fc.constantFrom('/', '/a', '/a/ב', '/../x', 'a', '/'.repeat(2000))),
    fc.tuple(fc.constant('visibility'), fc.constantFrom('private', 'friends', 'public', 'all')),
    fc.tuple(fc.constant('sha256'), fc.constantFrom('', 'a'.repeat(64), 'x')),
    fc.tuple(header, nastyText),
    fc.tuple(fc.constantFrom('folder', 'visibility', 'owner_id', '__proto__', 'file'), nastyText),
  )
  .map(([name, value]) => fieldPart(name, value))

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom(65_535, 65_536, 65_537, 300_000).map((length) => new Uint8Array(length)),
)

const file = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('a.txt', 'שקיעה.jpg', '%2e%2e', 'a%0D%0Ab', '..', 'a/b', 'x'.repeat(300)),
      header,
    ),
    bytes,
    fc.oneof(fc.constantFrom('text/plain', 'text/html', 'image/svg+xml', 'a/b; charset=x'), header),
  )
  .map(([name, content, type]) => filePart(name, Buffer.from(content), type))

const strange = fc.record({ head: header, body: nastyText })

/** Valid upload forms. */
export const validForm: fc.Arbitrary<FuzzForm> = fc
  .record({
    folder: fc.option(fc.constantFrom('', '/', '/a', '/a/ב')),
    visibility: fc.option(fc.constantFrom('', 'private', 'friends', 'public')),
    name: fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .map((name) => name.replaceAll(/["/]/g, '_')),
    content: bytes,
  })
  .map(({ folder, visibility, name, content }) =>
    formOf([
      ...(folder === null ? [] : [fieldPart('folder', folder)]),
      ...(visibility === null ? [] : [fieldPart('visibility', visibility)]),
      filePart(name, Buffer.from(content), 'text/plain'),
    ]),
  )

/** Forms with parts of any kind in any order, possibly truncated. */
export const brokenForm: fc.Arbitrary<FuzzForm> = fc
  .record({
    before: fc.array(fc.oneof(field, strange), { maxLength: 4 }),
    file: fc.option(file),
    after: fc.oneof(
      { weight: 9, arbitrary: fc.constant([]) },
      fc.array(fc.oneof(field, file, strange), { maxLength: 2 }),
    ),
    cut: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat(100)),
    boundary: fc.oneof({ weight: 9, arbitrary: fc.constant('b0undary') }, header),
    type: fc.oneof(
      { weight: 9, arbitrary: fc.constant(undefined) },
      fc.constantFrom('multipart/form-data', 'multipart/mixed; boundary=x'),
    ),
  })
  .map(({ before, file: one, after, cut, boundary, type }) => {
    const { contentType, body } = formOf([...before, ...(one === null ? [] : [one]), ...after], boundary)
    return { contentType: type ?? contentType, body: cut === 0 ? body : body.subarray(0, -cut) }
  })
