/**
 * The parts of a form as they arrive (RFC 7578). Read with the parser that is under the multipart plugin: the plugin makes
 * other names of those that only look escaped, and replaces what is no UTF-8 without a word.
 */

import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { Dicer } from '@fastify/busboy'
import { type Pour, pour, type Take } from '../../byte-source.js'
import { FORM_LIMITS } from '../limits.js'
import { invalidPart } from '../responses/problems.js'
import { type PartHeader, readPartHeader } from './part-header.js'

export interface FormPart extends PartHeader {
  /** The part's bytes, to be read to their end before the next part comes. */
  copy: Pour
}

const BOUNDARY = /;[ \t]*boundary=(?:"([^"]{1,70})"|([^\s";]{1,70}))/i

/** @throws DomainError validation-failed, and what the request itself fails with */
export async function* formParts(request: IncomingMessage): AsyncGenerator<FormPart, void> {
  const boundary = BOUNDARY.exec(request.headers['content-type'] ?? '')
  if (boundary === null) throw malformed('it has no boundary')
  const parts = new Parts(boundary[1] ?? boundary[2] ?? '')
  const fail = (error: Error) => parts.fail(error)
  const close = () => request.complete || parts.fail(invalidPart('body', 'must be sent whole'))
  request.on('error', fail).on('close', close).pipe(parts.parser)
  try {
    for (let part = await parts.next(); part !== undefined; part = await parts.next()) yield part
    await readEpilogue(request)
  } finally {
    request.off('error', fail).off('close', close).unpipe(parts.parser)
  }
}

/** Reads what stands after a form, so that the connection can serve another request. It says nothing and is short. */
async function readEpilogue(request: IncomingMessage): Promise<void> {
  let size = 0
  // Destroyed, it could not get a response any more.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length
    if (size > FORM_LIMITS.epilogueBytes) throw malformed('much comes after it')
  }
}

/** Parts that the parser has found, one after the other. */
class Parts {
  readonly parser: Dicer
  readonly #found: FormPart[] = []
  #count = 0
  #latest: Readable | undefined
  #isOver = false
  #error: Error | undefined
  #wake = Promise.withResolvers<void>()

  constructor(boundary: string) {
    const { headerBytes: maxHeaderSize, headers: maxHeaderPairs } = FORM_LIMITS
    const config: Dicer.Config & { maxHeaderSize: number } = { boundary, maxHeaderSize, maxHeaderPairs }
    this.parser = new Dicer(config)
    this.parser.on('part', (body) => this.#add(body))
    this.parser.once('finish', () => this.#end())
    this.parser.on('error', () => this.fail(malformed('it is cut off, or no form at all')))
  }

  /** The next part; undefined after the last. @throws what the form failed with */
  async next(): Promise<FormPart | undefined> {
    while (this.#found.length === 0 && !this.#isOver) {
      await this.#wake.promise
      this.#wake = Promise.withResolvers()
    }
    if (this.#error !== undefined) throw this.#error
    return this.#found.shift()
  }

  /** Ends the form, and the part that is being read. */
  fail(error: Error): void {
    this.#error ??= error
    this.#latest?.destroy(this.#error)
    this.#end()
  }

  async #copy(body: Readable, take: Take): Promise<void> {
    try {
      await pour(body, take)
    } catch (error) {
      // The parser tells a part in words of its own that the form was cut off.
      throw this.#error ?? error
    }
  }

  #end(): void {
    this.#isOver = true
    this.#wake.resolve()
  }

  #add(body: Readable): void {
    this.#count += 1
    this.#latest = body
    // Whoever reads the part is told as well; the form has failed by then.
    body.on('error', () => undefined)
    body.once('header', (fields: Record<string, string[]>) => this.#open(body, readPartHeader(fields)))
    if (this.#count > FORM_LIMITS.parts) this.fail(invalidPart('body', 'must not have so many parts'))
  }

  #open(body: Readable, header: PartHeader | string): void {
    if (typeof header === 'string') this.fail(malformed(`a part of it ${header}`))
    else {
      this.#found.push({ ...header, copy: (take) => this.#copy(body, take) })
      this.#wake.resolve()
    }
  }
}

function malformed(why: string): Error {
  return invalidPart('body', `must be well-formed multipart/form-data: ${why}`)
}
