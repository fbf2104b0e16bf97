/** Seeds a data folder: `FOLDER SERVER FILES USERS`. Prints `Middles` as JSON. */
import { seedDataDir } from './database.js'

const [dataDir = '', server = '', files, users] = process.argv.slice(2)
const seed = { server, files: Number(files), users: Number(users) }
console.log(JSON.stringify(await seedDataDir(dataDir, seed, (line) => console.error(`  ${line}`))))
