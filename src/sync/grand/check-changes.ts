import { hash } from 'node:crypto'
import { INLINE_BYTES } from '../../blobs/blob-writer.js'
import type { Candidate } from '../../log/change-log.js'
import { blobOf, type Change, MAX_CHANGE_BYTES, stampsOf } from '../../model/change.js'
import { faultOfEnvelope } from '../../model/change-reader.js'
import { millisecondsOf } from '../../model/clock.js'
import type { Blob, RefusalCode } from '../protocol.js'

/** Why the grand does not take something. */
export interface Fault {
  code: RefusalCode
  reason: string
  oseq: number | null
}

/** What came, as far as it may be appended, and what is wrong with the next change if there is one. */
export interface CheckedChanges {
  candidates: Candidate[]
  fault?: Fault
}

export interface Sender {
  /** The name in its certificate: nobody makes changes in another's name. */
  server: string
  /** As it said in its hello. */
  epoch: string
}

/**
 * Checks the changes of a batch one by one, before the log sees any of them.
 * @param latestMs the latest time that a stamp may bear, milliseconds since 1970
 */
export function checkChanges(texts: string[], sender: Sender, latestMs: number): CheckedChanges {
  const candidates: Candidate[] = []
  for (const text of texts) {
    const examined = checkChange(text, sender, latestMs)
    if ('code' in examined) return { candidates, fault: examined }
    const before = candidates.at(-1)?.change.oseq
    const { oseq } = examined.change
    if (before !== undefined && oseq !== before + 1) {
      return {
        candidates,
        fault: { code: 'gap', reason: `change ${oseq} follows ${before} in one batch`, oseq },
      }
    }
    candidates.push(examined)
  }
  return { candidates }
}

/** What is wrong with the bytes beside a batch, if anything: each has to be small, referenced by a change, and itself. */
export function faultOfBlobs(blobs: Blob[], candidates: Candidate[]): Fault | undefined {
  const referenced = new Set(candidates.map(({ change }) => blobOf(change)?.sha256))
  for (const { sha256, bytes } of blobs) {
    const refuse = (reason: string): Fault => ({
      code: 'invalid',
      reason: `blob ${sha256} ${reason}`,
      oseq: null,
    })
    if (bytes.length > INLINE_BYTES) return refuse('is too large to go beside a change')
    if (!referenced.has(sha256)) return refuse('is referenced by no change beside it')
    if (hash('sha256', bytes) !== sha256) return refuse('has other bytes')
  }
  return undefined
}

function checkChange(text: string, { server, epoch }: Sender, latestMs: number): Candidate | Fault {
  const invalid = (reason: string, oseq: number | null = null): Fault => ({ code: 'invalid', reason, oseq })
  // A lone surrogate is kept and hashed as another character than it is sent as.
  if (!text.isWellFormed()) return invalid('a change that is not Unicode')
  if (Buffer.byteLength(text) > MAX_CHANGE_BYTES)
    return invalid(`a change of more than ${MAX_CHANGE_BYTES} bytes`)
  const value = parse(text)
  const fault = faultOfEnvelope(value)
  if (fault !== undefined) return invalid(fault.slice(0, 300))
  const change = value as Change
  const { oseq } = change
  if (change.origin !== server) {
    return { code: 'identity', reason: `${server} sent a change of ${change.origin}`, oseq }
  }
  if (change.epoch !== epoch) return invalid('a change of another epoch than that of the hello', oseq)
  if (stampsOf(change).some((stamp) => millisecondsOf(stamp) > latestMs)) {
    return { code: 'future-stamp', reason: 'a stamp ahead of the clock of the grand', oseq }
  }
  return { text, change }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
