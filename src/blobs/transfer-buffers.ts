/**
 * Buffers that let files go past the page cache (see direct-file.ts for what that saves). Each begins at a page, as
 * `O_DIRECT` requires, and is reused, since new ones would wait for the garbage collector.
 */

/** Bytes of one read or write; half of it halves the rate. */
export const LARGE_BYTES = 1024 * 1024

/** Size of a buffer while all large ones are in use, so that memory stays bounded. */
const SMALL_BYTES = 64 * 1024

/** Enough for ten uploads with three each, or sixteen other transfers with two each. */
const MAX_LARGE_BUFFERS = 32

const PAGE_BYTES = 64 * 1024

/** Part of the language, but not of its typings for Node.js. */
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
}

let spare: Buffer[] | undefined

/** @returns a buffer for exclusive use until `releaseBuffer` */
export function acquireBuffer(): Buffer {
  spare ??= newBuffers()
  return spare.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES)
}

/** Returns a buffer that nothing reads or writes any more. */
export function releaseBuffer(buffer: Buffer): void {
  if (buffer.length === LARGE_BYTES) spare?.push(buffer)
}

/** Untouched pages take no memory, and the last released buffer is used first. */
function newBuffers(): Buffer[] {
  // WebAssembly.Memory is the only page-aligned memory in the language.
  const pages = (MAX_LARGE_BUFFERS * LARGE_BYTES) / PAGE_BYTES
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
  return Array.from({ length: MAX_LARGE_BUFFERS }, (_, i) =>
    Buffer.from(buffer, i * LARGE_BYTES, LARGE_BYTES),
  )
}
