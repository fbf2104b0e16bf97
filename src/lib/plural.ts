/** E.g. `1 file`, `2 files`. Only for nouns whose plural ends in `s`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
