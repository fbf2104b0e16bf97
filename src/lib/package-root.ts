import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder with package.json, the contract and the migrations, above both src/ and dist/bin/. */
export const PACKAGE_ROOT = packageRoot(import.meta.dirname)

function packageRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : packageRoot(dirname(folder))
}
