import { UsageError } from '../lib/command-line.js'

/** Reads a password from standard input: every local user can read command lines. @throws UsageError */
export async function readPassword(): Promise<string> {
  const chunks: Buffer[] = []
  if (process.stdin.isTTY) process.stderr.write('Password, then Enter and Ctrl-D:\n')
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const password = textOf(Buffer.concat(chunks)).replace(/\r?\n$/, '')
  if (password.length >= 8 && password.length <= 256) return password
  throw new UsageError('the password on standard input must have 8 to 256 characters')
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new UsageError('the password on standard input must be UTF-8', { cause })
  }
}
