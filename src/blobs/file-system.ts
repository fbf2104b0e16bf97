/** The operations on files that bytes are kept by, so that a test can put a disk of its own under them. */

/** What the disk moves by itself has to begin and end at multiples of this, in memory and in the file. */
export const BLOCK_BYTES = 4096

/** To read; to write what is not there yet; to read and write, made if it is not there. */
export type FileFlags = 'r' | 'wx' | 'rw'

/** A file, or a folder, that is open. */
export interface OpenFile extends AsyncDisposable {
  /** Puts bytes at a place, all of them or as many as there was room for. */
  write(buffer: Buffer, position: number): Promise<{ bytesWritten: number }>
  /** Fills the buffer from a place on, as far as the file goes. */
  read(buffer: Buffer, position: number): Promise<{ bytesRead: number }>
  /** Resolves when the content, or what the folder names, is durable. */
  datasync(): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** Errors bear the codes of the operating system. */
export interface FileSystem {
  /** Opens a file whose bytes go through the cache, or a folder. What it makes is for this user alone. */
  open(path: string, flags: FileFlags): Promise<OpenFile>
  /** Opens a file whose whole blocks go past the cache where they can: for what is moved once, from end to end. */
  openDirect(path: string, flags: FileFlags): Promise<OpenFile>
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
