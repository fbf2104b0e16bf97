import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RequestContext } from '../../contract/handlers.js'
import type { Caller } from '../../domain/caller.js'
import { type Client, clientOf } from '../guards/client-address.js'
import { sendContinue } from '../guards/continue.js'

/** Creates address and signal on demand, because most handlers use neither. */
export class HandlerContext implements RequestContext {
  readonly request: FastifyRequest
  readonly #reply: FastifyReply
  #aborter: AbortController | undefined

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.request = request
    this.#reply = reply
  }

  get caller(): Caller {
    return this.request.caller
  }

  get log() {
    return this.request.log
  }

  get client(): Client {
    return clientOf(this.request)
  }

  get signal(): AbortSignal {
    if (this.#aborter) return this.#aborter.signal
    const aborter = new AbortController()
    this.#aborter = aborter
    const response = this.#reply.raw
    const onClose = () => {
      if (!response.writableFinished) aborter.abort()
    }
    if (response.destroyed) onClose()
    else response.once('close', onClose)
    return aborter.signal
  }

  continueBody(): void {
    sendContinue(this.request.raw)
  }
}
