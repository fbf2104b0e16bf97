import type { Handlers } from '../../contract/handlers.js'
import type { Sessions } from '../../domain/sessions.js'
import type { Tokens } from '../../domain/tokens.js'
import type { EventStreams } from '../events/event-streams.js'
import { accountOf } from './identity.js'

export function eventHandlers(
  streams: EventStreams,
  sessions: Sessions,
  tokens: Tokens,
): Pick<Handlers, 'streamEvents'> {
  return {
    streamEvents({ headers }, { caller, client }) {
      const account = accountOf(caller)
      const isAllowed = () =>
        account.kind === 'session' ? sessions.isLive(account.session_id) : tokens.isLive(account.token_id)
      const credential = account.kind === 'session' ? account.session_id : account.token_id
      const address = client.isShared ? undefined : client.address
      const subscriber = { userId: account.user_id, address, credential, isAllowed }
      streams.assertRoom(subscriber)
      return {
        status: 200,
        body: (response) => streams.open(response, subscriber, headers['last-event-id']),
      }
    },
  }
}
