import type { Handlers } from '../../contract/handlers.js'
import type { Sessions } from '../../domain/sessions.js'
import type { Tokens } from '../../domain/tokens.js'
import type { EventStreams } from '../events/event-streams.js'
import { account } from './identity.js'

export function eventHandlers(
  streams: EventStreams,
  sessions: Sessions,
  tokens: Tokens,
): Pick<Handlers, 'streamEvents'> {
  return {
    streamEvents({ headers }, { caller, client }) {
      const who = account(caller)
      const isAllowed = () =>
        who.kind === 'session' ? sessions.isLive(who.session_id) : tokens.isLive(who.token_id)
      const credential = who.kind === 'session' ? who.session_id : who.token_id
      const address = client.isShared ? undefined : client.address
      const reader = { userId: who.user_id, address, credential, isAllowed }
      streams.assertRoom(reader)
      return {
        status: 200,
        body: (response) => streams.open(response, reader, headers['last-event-id']),
      }
    },
  }
}
