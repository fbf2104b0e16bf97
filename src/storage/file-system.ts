/** The operations on files that bytes are kept by, so that a test can put a disk of its own under them. */
import { createReadStream, mkdirSync, readdirSync, rmSync, statfsSync, unlinkSync } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import type { Readable } from 'node:stream'

/** A file, or a folder, that is open. Node's FileHandle is one. */
export interface OpenFile extends AsyncDisposable {
  /** Appends. */
  writev(chunks: Buffer[]): Promise<{ bytesWritten: number }>
  writeFile(bytes: Buffer): Promise<void>
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  stat(): Promise<{ size: number }>
  truncate(size: number): Promise<void>
  /** Resolves when the content, or what the folder names, is durable. */
  datasync(): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** Errors bear the codes of the operating system. */
export interface FileSystem {
  open(path: string, flags: 'r' | 'wx' | 'a+', mode?: number): Promise<OpenFile>
  /** The bytes of an open file from `start` to `end`, both inclusive; closes it at their end. */
  stream(file: OpenFile, range: { start: number; end: number }): Readable
  link(from: string, to: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Removes a file that need not be there. */
  remove(path: string): Promise<void>
  /** Makes a folder and those above it; gives the first that it made, if any. */
  makeFolder(path: string): Promise<string | undefined>
  list(path: string): Promise<string[]>
  stat(path: string): Promise<{ size: number; mtimeMs: number }>
  readFile(path: string): Promise<Buffer>
  makeFolderSync(path: string): void
  listSync(path: string): string[]
  unlinkSync(path: string): void
  removeSync(path: string): void
  /** Bytes that the disk of a folder has left. */
  freeBytes(path: string): number
}

const READ_BYTES = 1024 * 1024

export const nodeFiles: FileSystem = {
  open,
  stream: (file, { start, end }) =>
    createReadStream('', {
      fd: file as Awaited<ReturnType<typeof open>>,
      start,
      end,
      highWaterMark: READ_BYTES,
    }),
  link,
  rename,
  unlink,
  remove: (path) => rm(path, { force: true }),
  makeFolder: (path) => mkdir(path, { recursive: true, mode: 0o700 }),
  list: (path) => readdir(path),
  stat,
  readFile: (path) => readFile(path),
  makeFolderSync: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  listSync: (path) => readdirSync(path),
  unlinkSync,
  removeSync: (path) => rmSync(path, { force: true }),
  freeBytes(path) {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  },
}
