/** A command of a tour and the output that the page shows for it. */
export interface Step {
  /** Line of the page on which the command begins, from 1. */
  line: number
  command: string
  output: string
}

/**
 * Reads the commands of a page from its `bash` blocks. A line that is not a comment is a command, which continues on
 * the next line after a backslash. The comments that follow are its output.
 */
export function stepsOf(markdown: string): Step[] {
  const steps: Step[] = []
  let inBlock = false
  let step: Step | undefined
  let continued = false
  for (const [index, line] of markdown.split('\n').entries()) {
    if (line.startsWith('```')) {
      inBlock = line === '```bash'
      step = undefined
    } else if (step !== undefined && continued) {
      step.command += `\n${line}`
      continued = line.endsWith('\\')
    } else if (inBlock && !line.startsWith('#')) {
      step = { line: index + 1, command: line, output: '' }
      steps.push(step)
      continued = line.endsWith('\\')
    } else if (step !== undefined) {
      step.output += `${line.replace(/^# ?/, '')}\n`
    }
  }
  return steps
}
