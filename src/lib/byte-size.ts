/** Units of sizes such as `500`, `20 GB` or `1536MiB`, in bytes. */
const UNITS: Record<string, number> = {
  '': 1,
  ...{ KB: 1000, MB: 1000 ** 2, GB: 1000 ** 3, TB: 1000 ** 4 },
  ...{ KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 },
}

/** The units as a message lists them. */
export const BYTE_UNITS = 'KB, MB, GB or TB (thousands), KiB, MiB, GiB or TiB (1024s)'

/** @returns bytes; undefined when the text is not a size, or exceeds `Number.MAX_SAFE_INTEGER` */
export function parseByteSize(text: string): number | undefined {
  const [, digits, unit = ''] = text.match(/^(\d+)(?: ?([KMGT]i?B))?$/) ?? []
  const bytes = Number(digits) * (UNITS[unit] ?? Number.NaN)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** Formats bytes for people, e.g. `1.5 GiB`. */
export function formatByteSize(bytes: number): string {
  const unit = ['TiB', 'GiB', 'MiB', 'KiB'].find((name) => bytes >= (UNITS[name] as number))
  return unit === undefined ? `${bytes} B` : `${(bytes / (UNITS[unit] as number)).toFixed(1)} ${unit}`
}
