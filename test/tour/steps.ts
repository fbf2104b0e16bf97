/** One command of a tour with the output that the page shows for it. */
export interface Step {
  /** Line of the page where the command begins, from 1. */
  line: number
  command: string
  output: string
}

/**
 * The commands of a page, in order: in blocks fenced as `bash`, a line that is no comment is a command (with a backslash
 * at its end it goes on in the next line), and the comments up to the next command are its output.
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
