import { PassThrough } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { type ChunkSink, copyChunks } from '../../lib/byte-source.js'
import { invalidPart } from '../responses/problems.js'
import { sendContinue } from './continue.js'

/**
 * Sends `100 Continue` if the client waits for it, and passes the body's chunks to `take`. A failure of `take` leaves the
 * connection open for the response.
 * @throws DomainError request-timeout, validation-failed for a truncated body, and errors of `take`
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
