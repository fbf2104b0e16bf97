/**
 * The parts of a folded name by which it is found: every three characters that follow each other, and of what is not
 * ASCII also every one and two, for in many scripts a word is no longer than that. A name that contains a text has all
 * its grams; one that has them need not contain it, so whoever looks by them compares the name itself.
 */

const ASCII = /^[\0-\x7f]*$/
/** What would divide words in the index. */
const DIVIDERS = /[\0-\x20\x7f]/g
/** In no name. */
const SPACE = '/'

/** More say little more of a text. */
const MAX_ASKED = 12

/** All grams of a folded name, as words. */
export function gramsOf(folded: string): string {
  const marked = folded.replace(DIVIDERS, SPACE)
  let words = ''
  if (ASCII.test(marked)) {
    for (let i = 3; i <= marked.length; i += 1) words += `${marked.slice(i - 3, i)} `
    return words
  }
  const characters = [...marked]
  for (const [i, first] of characters.entries()) {
    const second = characters[i + 1]
    const third = characters[i + 2]
    if (!isAscii(first)) words += `${first} `
    if (second !== undefined && !(isAscii(first) && isAscii(second))) words += `${first}${second} `
    if (third !== undefined) words += `${first}${second}${third} `
  }
  return words
}

/**
 * What to match to find names that may contain a folded text, or undefined where the grams cannot tell. The grams that
 * are asked for cover the text: more of them would cost more than they keep out.
 */
export function gramQuery(folded: string): string | undefined {
  const characters = [...folded.replace(DIVIDERS, SPACE)]
  const { length } = characters
  if (length === 0 || (length < 3 && characters.every(isAscii))) return undefined
  const grams = new Set<string>()
  for (let i = 0; i < length && grams.size < MAX_ASKED; i += 3) {
    const from = Math.max(0, Math.min(i, length - 3))
    grams.add(characters.slice(from, from + 3).join(''))
  }
  return [...grams].map((gram) => `"${gram.replaceAll('"', '""')}"`).join(' ')
}

function isAscii(character: string): boolean {
  return character <= '\x7f'
}
