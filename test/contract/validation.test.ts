import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import t from 'tap'
import { loadContract } from '../../src/contract/load.js'
import { operationsOf } from '../../src/contract/operation.js'
import { bodySchema, componentSchemas, parameterSchema, responseSchemas } from '../../src/contract/schemas.js'
import { requestValidators } from '../../src/contract/validation.js'

const { document } = loadContract()

t.test('every schema of the contract compiles, although servers compile each at its first use', async (t) => {
  const validators = requestValidators(document)
  const components = Object.fromEntries(componentSchemas(document).map((schema) => [schema['$id'], schema]))
  const serialisers = SerializerSelector()(components, {})
  for (const operation of operationsOf(document)) {
    const { method, path, jsonBody } = operation
    const place = { method, url: path }
    const schemas = [
      { httpPart: 'params', schema: parameterSchema(operation, 'path') },
      { httpPart: 'querystring', schema: parameterSchema(operation, 'query') },
      { httpPart: 'headers', schema: parameterSchema(operation, 'header') },
      ...(jsonBody ? [{ httpPart: 'body', schema: bodySchema(document, jsonBody) }] : []),
    ]
    for (const part of schemas)
      t.doesNotThrow(() => validators({ ...place, ...part })({}), `${operation.id} ${part.httpPart}`)
    for (const [httpStatus, { content }] of Object.entries(responseSchemas(operation)))
      for (const { schema } of Object.values(content))
        t.doesNotThrow(() => serialisers({ ...place, httpStatus, schema }), `${operation.id} ${httpStatus}`)
  }
})
