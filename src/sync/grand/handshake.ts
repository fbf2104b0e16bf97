import type { ChangeLog } from '../../log/change-log.js'
import { type Cursor, type MessageOf, PROTOCOLS } from '../protocol.js'
import type { Fault } from './check-changes.js'

/** The version of the protocol to speak with a regional: the best that both know. */
export function protocolOf({ protocols }: MessageOf<'hello'>): number | undefined {
  return PROTOCOLS.find((version) => protocols.includes(version))
}

/** Why a hello is not answered by a welcome, if so; `server` is the name in the certificate. */
export function faultOfHello(hello: MessageOf<'hello'>, server: string): Fault | undefined {
  if (protocolOf(hello) === undefined) {
    return { code: 'protocol', reason: `this grand speaks protocol ${PROTOCOLS.join(', ')}`, oseq: null }
  }
  if (hello.server !== server) {
    const reason = `${hello.server} says hello with the certificate of ${server}`
    return { code: 'identity', reason, oseq: null }
  }
  return undefined
}

/** Whether a cursor is a place in a log; none at all is the place before its first entry. */
export function isPositionIn(log: ChangeLog, cursor: Cursor | null): boolean {
  return cursor === null || (cursor.log_id === log.id && log.hashAt(cursor.gseq) === cursor.ghash)
}
