import { hash } from 'node:crypto'
import { INLINE_BYTES } from '../../blobs/blob-writer.js'
import type { Candidate } from '../../log/change-log.js'
import { blobOf, type Change, MAX_CHANGE_BYTES, stampsOf } from '../../model/change.js'
import { faultOfEnvelope } from '../../model/change-reader.js'
import { millisecondsOf } from '../../model/clock.js'
import type { Blob, RefusalCode } from '../protocol.js'

/** Why the grand refuses a message. */
export interface Fault {
  code: RefusalCode
  reason: string
  oseq: number | null
}

/** The valid changes at the start of a batch, and the fault of the first invalid one. */
export interface CheckedChanges {
  candidates: Candidate[]
  fault?: Fault
}

export interface Sender {
  /** The name in the certificate: every change must have this origin. */
  server: string
  /** The epoch in the hello. */
  epoch: string
}

/**
 * Checks the changes of a batch before any of them is appended.
 * @param latestMs latest time allowed in a stamp, milliseconds since 1970
 */
export function checkChanges(texts: string[], sender: Sender, latestMs: number): CheckedChanges {
  const candidates: Candidate[] = []
  for (const text of texts) {
    const checked = checkChange(text, sender, latestMs)
    if ('code' in checked) return { candidates, fault: checked }
    const previous = candidates.at(-1)?.change.oseq
    const { oseq } = checked.change
    if (previous !== undefined && oseq !== previous + 1) {
      return {
        candidates,
        fault: { code: 'gap', reason: `change ${oseq} follows ${previous} in one batch`, oseq },
      }
    }
    candidates.push(checked)
  }
  return { candidates }
}

/** Checks the blobs of a batch: each must be small, referenced by a change, and match its hash. */
export function faultOfBlobs(blobs: Blob[], candidates: Candidate[]): Fault | undefined {
  const referenced = new Set(candidates.map(({ change }) => blobOf(change)?.sha256))
  for (const { sha256, bytes } of blobs) {
    const refuse = (reason: string): Fault => ({
      code: 'invalid',
      reason: `blob ${sha256} ${reason}`,
      oseq: null,
    })
    if (bytes.length > INLINE_BYTES) return refuse('is too large to be sent with a change')
    if (!referenced.has(sha256)) return refuse('is not referenced by a change of its batch')
    if (hash('sha256', bytes) !== sha256) return refuse('does not match its hash')
  }
  return undefined
}

function checkChange(text: string, { server, epoch }: Sender, latestMs: number): Candidate | Fault {
  const invalid = (reason: string, oseq: number | null = null): Fault => ({ code: 'invalid', reason, oseq })
  // A lone surrogate becomes another character in UTF-8, so the stored hash would not match.
  if (!text.isWellFormed()) return invalid('a change is not well-formed Unicode')
  if (Buffer.byteLength(text) > MAX_CHANGE_BYTES)
    return invalid(`a change has more than ${MAX_CHANGE_BYTES} bytes`)
  const value = parse(text)
  const fault = faultOfEnvelope(value)
  if (fault !== undefined) return invalid(fault.slice(0, 300))
  const change = value as Change
  const { oseq } = change
  if (change.origin !== server) {
    return { code: 'identity', reason: `${server} sent a change of ${change.origin}`, oseq }
  }
  if (change.epoch !== epoch) return invalid('a change has another epoch than the hello', oseq)
  if (stampsOf(change).some((stamp) => millisecondsOf(stamp) > latestMs)) {
    return { code: 'future-stamp', reason: 'a stamp is ahead of the clock of the grand', oseq }
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
