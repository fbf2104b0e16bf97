/** One command of a tour with the output that the page shows for it. */
export interface Step {
  /** Line of the page where the command begins, from 1. */
  line: number
  command: string
  output: string
}

/**
 * The commands of a page, in order: in blocks fenced as `console`, a line that begins with `$ ` is a command (with a
 * backslash at its end it goes on in the next line), and what follows up to the next command is its output.
 */
export function stepsOf(markdown: string): Step[] {
  const steps: Step[] = []
  let inBlock = false
  let step: Step | undefined
  let continued = false
  for (const [index, line] of markdown.split('\n').entries()) {
    if (line.startsWith('```')) {
      inBlock = line === '```console'
      step = undefined
    } else if (inBlock && line.startsWith('$ ')) {
      step = { line: index + 1, command: line.slice(2), output: '' }
      steps.push(step)
      continued = line.endsWith('\\')
    } else if (step !== undefined && continued) {
      step.command += `\n${line}`
      continued = line.endsWith('\\')
    } else if (step !== undefined) {
      step.output += `${line}\n`
    }
  }
  return steps
}
