import type { Handlers } from '../../contract/handlers.js'
import type { Files } from '../../domain/files.js'
import type { Friends } from '../../domain/friends.js'
import { accountOf } from './identity.js'

type FriendHandlers = Pick<
  Handlers,
  | 'requestFriend'
  | 'listFriendRequests'
  | 'acceptFriendRequest'
  | 'rejectFriendRequest'
  | 'cancelFriendRequest'
  | 'listFriends'
  | 'removeFriend'
  | 'listFriendFiles'
>

export function friendHandlers(friends: Friends, files: Files): FriendHandlers {
  return {
    async requestFriend({ body }, { caller }) {
      const request = await friends.request(accountOf(caller).user_id, body.username)
      return { status: request.status === 'pending' ? 201 : 200, body: request }
    },

    listFriendRequests({ query }, { caller }) {
      return { status: 200, body: friends.listRequests(accountOf(caller).user_id, query) }
    },

    async acceptFriendRequest({ params }, { caller }) {
      return { status: 200, body: await friends.accept(accountOf(caller).user_id, params.req_id) }
    },

    async rejectFriendRequest({ params }, { caller }) {
      await friends.reject(accountOf(caller).user_id, params.req_id)
      return { status: 204 }
    },

    async cancelFriendRequest({ params }, { caller }) {
      await friends.cancel(accountOf(caller).user_id, params.req_id)
      return { status: 204 }
    },

    listFriends({ query }, { caller }) {
      return { status: 200, body: friends.list(accountOf(caller).user_id, query.limit ?? 50, query.cursor) }
    },

    async removeFriend({ params }, { caller }) {
      await friends.remove(accountOf(caller).user_id, params.username)
      return { status: 204 }
    },

    listFriendFiles({ params, query }, { caller }) {
      const friendId = friends.findFriendId(accountOf(caller).user_id, params.username)
      return {
        status: 200,
        body: files.listShared(friendId, { limit: query.limit ?? 50, cursor: query.cursor }),
      }
    },
  }
}
