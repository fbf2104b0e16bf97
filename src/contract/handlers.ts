import type { ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Caller } from '../domain/caller.js'
import type { ByteSource } from '../lib/byte-source.js'
import type { Json } from '../lib/json.js'
import type { operations } from './types.gen.js'

/**
 * The operations that need a handler. The handler of a GET (`downloadFile`) also serves a declared HEAD of the same path
 * (`downloadFileHead`).
 */
export type OperationId = {
  [Id in keyof operations]: Id extends `${infer Get}Head` ? (Get extends keyof operations ? never : Id) : Id
}[keyof operations]

/** One handler for each operation of the contract; a missing or an extra one does not compile. */
export type Handlers = {
  [Id in OperationId]: (input: Input<Id>, context: RequestContext) => Output<Id> | Promise<Output<Id>>
}

type Parameters<Id extends OperationId, Location extends string> = operations[Id] extends {
  parameters: { [L in Location]?: infer Declared }
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

/** A validated request: only declared parameters and properties, as openapi.yaml declares them. */
export interface Input<Id extends OperationId> {
  params: OrNone<Parameters<Id, 'path'>>
  query: OrNone<Parameters<Id, 'query'>>
  /** The declared headers only, in lower case. */
  headers: LowerCaseKeys<OrNone<Parameters<Id, 'header'>>>
  /** Undefined for a body that is not JSON; read that from `context.request`. */
  body: JsonBody<Id>
}

/** A handler's context, beside the declared input. */
export interface RequestContext {
  caller: Caller
  request: FastifyRequest
  /** The client's address for rate limits: IPv4 or the /64 of IPv6, and whether many people share it. */
  client: { address: string; isShared: boolean }
  log: FastifyBaseLogger
  /** Aborts when the client disconnects before the end of its response. */
  signal: AbortSignal
  /** Sends `100 Continue` if the client waits for it. For JSON bodies the guards do so before the handler. */
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
 * A response with one of the declared successes; errors are thrown as DomainError. The body of `text/event-stream` is a
 * function that takes over the response after its headers.
 */
export type Output<Id extends OperationId> = {
  [Status in keyof operations[Id]['responses'] & Success]: {
    status: Status
    headers?: Record<string, string | string[]>
  } & OutputBody<operations[Id]['responses'][Status]>
}[keyof operations[Id]['responses'] & Success]
