import type { ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Caller } from '../domain/caller.js'
import type { ByteSource } from '../lib/byte-source.js'
import type { Json } from '../lib/json.js'
import type { operations } from './types.gen.js'

/**
 * The operations that need a handler: all of the contract, except a HEAD beside a GET (`downloadFileHead`), which is
 * served by the handler of the GET (`downloadFile`).
 */
export type OperationId = {
  [Id in keyof operations]: Id extends `${infer Get}Head` ? (Get extends keyof operations ? never : Id) : Id
}[keyof operations]

/** One function for each operation of the contract; one too few or too many does not compile. */
export type Handlers = {
  [Id in OperationId]: (input: Input<Id>, context: RequestContext) => Output<Id> | Promise<Output<Id>>
}

type Parameters<Id extends OperationId, Place extends string> = operations[Id] extends {
  parameters: { [P in Place]?: infer Declared }
}
  ? NonNullable<Declared>
  : never

type None = Record<never, never>

type OrNone<T> = [T] extends [never] ? None : T

type LowerCaseKeys<T> = { [Key in keyof T as Lowercase<Key & string>]: T[Key] }

type JsonBody<Id extends OperationId> = operations[Id] extends {
  requestBody: { content: { 'application/json': infer Body } }
}
  ? Body
  : undefined

/** A checked request: everything in it is as openapi.yaml declares it, and nothing else is in it. */
export interface Input<Id extends OperationId> {
  params: OrNone<Parameters<Id, 'path'>>
  query: OrNone<Parameters<Id, 'query'>>
  /** The declared headers only, in lower case. */
  headers: LowerCaseKeys<OrNone<Parameters<Id, 'header'>>>
  /** Undefined where the body is not JSON: then it is read from `context.request`. */
  body: JsonBody<Id>
}

/** What a handler may know of its request beside the declared input. */
export interface RequestContext {
  caller: Caller
  request: FastifyRequest
  /** The client's address for limits: IPv4, or the /64 of an IPv6 address; and whether many people share it. */
  client: { address: string; isShared: boolean }
  log: FastifyBaseLogger
  /** Aborts when the client goes away before it has its answer. */
  signal: AbortSignal
  /** Tells a client that sent `Expect: 100-continue` to send its body; JSON bodies are asked for before the handler runs. */
  continueBody(): void
}

type Success = 200 | 201 | 202 | 204 | 206 | 304

type OutputBody<Response> = Response extends { content: infer Content }
  ? [Content] extends [never]
    ? { body?: undefined }
    : { body: { [Type in keyof Content]: BodyOf<Type, Content[Type]> }[keyof Content] }
  : { body?: undefined }

type BodyOf<MediaType, Body> = MediaType extends 'text/event-stream'
  ? (response: ServerResponse) => void
  : MediaType extends 'application/json'
    ? Body | Json<Body>
    : MediaType extends `text/${string}`
      ? Body
      : ByteSource | Buffer

/**
 * An answer with one of the declared successes. A body under `text/event-stream` is a function that takes over the
 * response, its headers already written; a refusal is thrown, as a DomainError.
 */
export type Output<Id extends OperationId> = {
  [Status in keyof operations[Id]['responses'] & Success]: {
    status: Status
    headers?: Record<string, string | string[]>
  } & OutputBody<operations[Id]['responses'][Status]>
}[keyof operations[Id]['responses'] & Success]
