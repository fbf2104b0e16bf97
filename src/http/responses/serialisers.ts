import { type SerializerFactory, SerializerSelector } from '@fastify/fast-json-stringify-compiler'

/** The serialisers of responses as Fastify makes them, but each when the first response needs it, as validators are. */
export function responseSerialisers(): SerializerFactory {
  const factory = SerializerSelector()
  return (schemas, options) => {
    const compile = factory(schemas, options)
    return (route) => {
      let serialise: ReturnType<typeof compile> | undefined
      return (response: unknown) => {
        serialise ??= compile(route)
        return serialise(response)
      }
    }
  }
}
