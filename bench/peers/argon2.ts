/** Measures password verifications per second, two in parallel: `node argon2.js HASH PASSWORD`. */
import { verify } from 'argon2'

const [, , hash = '', password = ''] = process.argv
const PARALLEL = 2
const MS = 4000

await verify(hash, password)
const began = performance.now()
let verified = 0
async function work(): Promise<void> {
  while (performance.now() - began < MS) {
    if (!(await verify(hash, password))) throw new Error('the password does not match the hash')
    verified += 1
  }
}
await Promise.all(Array.from({ length: PARALLEL }, work))
console.log(verified / ((performance.now() - began) / 1000))
