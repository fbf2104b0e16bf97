/** Values that differ from run to run. All times share one placeholder; other values are numbered. */
const KINDS = [
  { kind: 'uuid', pattern: /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, numbered: true },
  { kind: 'sha256', pattern: /\b[0-9a-f]{64}\b/, numbered: true },
  { kind: 'event', pattern: /\b[0-9a-f]{12}-\d+\b/, numbered: true },
  { kind: 'time', pattern: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, numbered: false },
] as const

const ANY = new RegExp(KINDS.map(({ kind, pattern }) => `(?<${kind}>${pattern.source})`).join('|'), 'g')

/**
 * Replaces values that differ from run to run by placeholders, numbered by first occurrence over the whole tour. So
 * equal placeholders mean equal values: a downloaded hash is the uploaded one.
 */
export class Placeholders {
  readonly #known = new Map<string, string>()

  replace(text: string): string {
    return text.replaceAll(ANY, (value) => this.#placeholder(value))
  }

  #placeholder(value: string): string {
    const known = this.#known.get(value)
    if (known !== undefined) return known
    const found = KINDS.find(({ pattern }) => new RegExp(`^(?:${pattern.source})$`).test(value))
    const number = found?.numbered ? ` ${this.#known.size + 1}` : ''
    const placeholder = `<${found?.kind}${number}>`
    if (found?.numbered) this.#known.set(value, placeholder)
    return placeholder
  }
}
