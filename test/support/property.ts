import fc from 'fast-check'
import type { Test } from 'tap'

/**
 * Runs a property as one assertion. The predicate throws for a counterexample, and the message shows the smallest one.
 */
export function checkProperty<Values>(
  t: Test,
  property: fc.IRawProperty<Values>,
  parameters: fc.Parameters<Values> = {},
): void {
  const details = fc.check(property as fc.IProperty<Values>, parameters)
  if (details.failed) t.fail(fc.defaultReportMessage(details) ?? '')
  else t.pass(`held in ${details.numRuns} runs`)
}

export async function checkPropertyAsync<Values>(
  t: Test,
  property: fc.IAsyncProperty<Values>,
  parameters: fc.Parameters<Values> = {},
): Promise<void> {
  const details = await fc.check(property, parameters)
  if (details.failed) t.fail(fc.defaultReportMessage(details) ?? '')
  else t.pass(`held in ${details.numRuns} runs`)
}
