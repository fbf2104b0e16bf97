/** Seeds a data folder: `node … bench/seed/run.ts FOLDER SERVER FILES USERS`. */
import { seedDataDir } from './database.js'

const [dataDir = '', server = '', files, users] = process.argv.slice(2)
await seedDataDir(dataDir, { server, files: Number(files), users: Number(users) }, (line) =>
  console.error(`  ${line}`),
)
