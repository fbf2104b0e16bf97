/** Runs the tests of merging with a field that uploads may lack, as a later version adds it. */
import Type from 'typebox'
import { TABLES } from '../../src/model/tables.js'

const schema = Type.Union([Type.String({ maxLength: 255 }), Type.Null()])
Object.assign(TABLES.files.fields, { note: { rule: 'latest', schema } })

const { CHANGES } = await import('../../src/model/change-types.js')
for (const type of ['file.uploaded', 'file.updated'] as const)
  Object.assign(CHANGES[type], { optional: [...CHANGES[type].optional, 'note'] })

await import('../model/merge.test.js')
