import { type SerializerFactory, SerializerSelector } from '@fastify/fast-json-stringify-compiler'

/** The serialisers of answers as Fastify makes them, but each when the first answer needs it, as validators are. */
export function answerSerialisers(): SerializerFactory {
  const factory = SerializerSelector()
  return (schemas, options) => {
    const compile = factory(schemas, options)
    return (route) => {
      let serialise: ReturnType<typeof compile> | undefined
      return (answer: unknown) => {
        serialise ??= compile(route)
        return serialise(answer)
      }
    }
  }
}
