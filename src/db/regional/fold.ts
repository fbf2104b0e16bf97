/**
 * The one form in which names are compared: NFKC, then case folded. Lower, upper and lower case again join what one of
 * them keeps apart (ß, ẞ and ss), which comes near to Unicode's full case folding. A name folds as its parts do, for they
 * are searched for: lower-casing alone makes of Σ another letter at the end of a word.
 */
export function fold(name: string): string {
  const cased = name.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase()
  return cased.replaceAll('ς', 'σ').normalize('NFKC')
}

/** What a name that a person typed is looked up by, without the spaces that keyboards add. */
export function foldLogin(typed: string): string {
  return fold(typed.trim())
}
