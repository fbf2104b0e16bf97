/**
 * The one form in which names are compared: NFKC, then case folded. Upper-casing first joins what lower-casing alone
 * keeps apart (ß and ss, the two small sigmas), which comes near to Unicode's full case folding.
 */
export function fold(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC')
}
