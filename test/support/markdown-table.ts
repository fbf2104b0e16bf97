/** Reads the first table whose first column has this heading; each row is keyed by the headings. */
export function readTable(markdown: string, heading: string): Record<string, string>[] {
  const lines = markdown.split('\n')
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`))
  if (start < 0) throw new Error(`no table begins with ${heading}`)
  const [head, , ...rows] = lines.slice(
    start,
    lines.findIndex((line, at) => at > start && !line.startsWith('|')),
  )
  const cells = (row: string) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  const headings = cells(head as string)
  return rows.map((row) => Object.fromEntries(cells(row).map((cell, at) => [headings[at], cell])))
}
