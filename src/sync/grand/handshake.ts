import type { ChangeLog } from '../../log/change-log.js'
import { type Cursor, type MessageOf, PROTOCOLS } from '../protocol.js'
import type { Fault } from './check-changes.js'

/** Selects the best protocol version that both sides speak; undefined if there is none. */
export function protocolOf({ protocols }: MessageOf<'hello'>): number | undefined {
  return PROTOCOLS.find((version) => protocols.includes(version))
}

/** Checks a hello. @param server the name in the certificate @param grand the grand's own name */
export function faultOfHello(hello: MessageOf<'hello'>, server: string, grand: string): Fault | undefined {
  if (protocolOf(hello) === undefined) {
    return { code: 'protocol', reason: `this grand speaks protocol ${PROTOCOLS.join(', ')}`, oseq: null }
  }
  if (server === grand) {
    const reason = `the certificate is that of the grand itself, ${grand}: a regional needs its own`
    return { code: 'identity', reason, oseq: null }
  }
  if (hello.server !== server) {
    const reason = `the hello names ${hello.server}, and the certificate ${server}`
    return { code: 'identity', reason, oseq: null }
  }
  return undefined
}

/** Whether a cursor is a position in this log; null is the position before its first entry. */
export function isPositionIn(log: ChangeLog, cursor: Cursor | null): boolean {
  return cursor === null || (cursor.log_id === log.id && log.hashAt(cursor.gseq) === cursor.ghash)
}
