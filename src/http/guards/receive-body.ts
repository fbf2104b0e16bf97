import { PassThrough } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { type ChunkSink, copyChunks } from '../../lib/byte-source.js'
import { invalidPart } from '../responses/problems.js'
import { sendContinue } from './continue.js'

/**
 * Asks the client for its body, if it waits to be asked, and hands over what arrives. The connection outlives a failure of
 * `take`, so that the client gets a response.
 * @throws DomainError request-timeout, validation-failed for a body that broke off, and what `take` fails with
 */
export async function receiveBody({ raw }: FastifyRequest, take: ChunkSink): Promise<void> {
  const body = new PassThrough()
  const fail = (error: Error) => body.destroy(error)
  const close = () => raw.complete || fail(invalidPart('body', 'must be sent whole'))
  raw.on('error', fail).on('close', close).pipe(body)
  if (raw.destroyed) close()
  sendContinue(raw)
  try {
    await copyChunks(body, take)
  } finally {
    raw.off('error', fail).off('close', close).unpipe(body)
  }
}
