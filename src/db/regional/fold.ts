/**
 * Folds a name for comparison: NFKC, then case folding. Lower, upper and lower case in sequence also unify ß, ẞ and ss,
 * close to Unicode's full case folding. Every substring folds as it does within the name, so that searches match: that is
 * why ς, into which lower-casing turns a final Σ, becomes σ.
 */
export function fold(name: string): string {
  const cased = name.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase()
  return cased.replaceAll('ς', 'σ').normalize('NFKC')
}

/** The lookup key of a typed username or email: trimmed, since keyboards add spaces, and folded. */
export function foldLogin(typed: string): string {
  return fold(typed.trim())
}
