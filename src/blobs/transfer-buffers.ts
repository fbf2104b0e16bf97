/**
 * Buffers that let files go past the page cache (see direct-file.ts for what that saves). Each begins at a page, as
 * `O_DIRECT` requires, and is reused, since new ones would wait for the garbage collector.
 */

/** Bytes moved at once: half as many carry half the rate. */
export const LARGE_BYTES = 1024 * 1024

/** The same while more transfers go on than there are large buffers for, so that their memory stays bounded. */
const SMALL_BYTES = 64 * 1024

/** Three for each of ten uploads, or two for each of sixteen other transfers. */
const COUNT = 32

const PAGE_BYTES = 64 * 1024

/** Of the language, but not of its typings for a runtime without a browser. */
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
}

let spare: Buffer[] | undefined

/** A buffer to use alone until it is given back. */
export function acquireBuffer(): Buffer {
  spare ??= newBuffers()
  return spare.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES)
}

/** To be called when nothing reads or writes the buffer any more. */
export function releaseBuffer(buffer: Buffer): void {
  if (buffer.length === LARGE_BYTES) spare?.push(buffer)
}

/** Only what is used takes memory, and what was used last is used first. */
function newBuffers(): Buffer[] {
  // The one kind of memory in the language that begins at a page.
  const pages = (COUNT * LARGE_BYTES) / PAGE_BYTES
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
  return Array.from({ length: COUNT }, (_, i) => Buffer.from(buffer, i * LARGE_BYTES, LARGE_BYTES))
}
