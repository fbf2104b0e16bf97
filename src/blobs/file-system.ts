/** The file operations of the blob store, so that a test can replace the disk. */

/** Alignment of `O_DIRECT`, in memory and in the file. */
export const BLOCK_BYTES = 4096

/** `r` reads, `wx` creates a new file, `rw` reads and writes and creates the file if it is missing. */
export type FileFlags = 'r' | 'wx' | 'rw'

/** An open file or folder. */
export interface OpenFile extends AsyncDisposable {
  /** Writes at a position; it may write fewer bytes than given. */
  write(buffer: Buffer, position: number): Promise<{ bytesWritten: number }>
  /** Reads from a position, at most to the end of the file. */
  read(buffer: Buffer, position: number): Promise<{ bytesRead: number }>
  /** Resolves when the content of the file, or the entries of the folder, are durable. */
  datasync(): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** Errors have the codes of the operating system. */
export interface FileSystem {
  /** Opens a folder, or a file through the page cache. Only this user can read a file that it creates. */
  open(path: string, flags: FileFlags): Promise<OpenFile>
  /** Opens a file past the page cache where the disk can, for bytes that are read or written once. */
  openDirect(path: string, flags: FileFlags): Promise<OpenFile>
  link(from: string, to: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Removes a file if it exists. */
  remove(path: string): Promise<void>
  /** Creates a folder and its parents. @returns the first one created, if any */
  makeFolder(path: string): Promise<string | undefined>
  list(path: string): Promise<string[]>
  stat(path: string): Promise<{ size: number; mtimeMs: number }>
  readFile(path: string): Promise<Buffer>
  makeFolderSync(path: string): void
  listSync(path: string): string[]
  unlinkSync(path: string): void
  removeSync(path: string): void
  /** Free bytes on the disk of a folder. */
  freeBytes(path: string): number
}
