import { type SerializerFactory, SerializerSelector } from '@fastify/fast-json-stringify-compiler'

/** Fastify's response serialisers, each compiled at its first use, like the validators. */
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
