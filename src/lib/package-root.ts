import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of package.json, in which the contract and the migrations are: found from the sources and from dist/bin. */
export const PACKAGE_ROOT = packageRoot(import.meta.dirname)

function packageRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : packageRoot(dirname(folder))
}
