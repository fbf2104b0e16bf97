/** Made from openapi.yaml by `npm run contract:code`. Do not edit. */

import type { Readable } from "node:stream";
export interface paths {
    "/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create an account
         * @description Creates an account with the server's default quota. It does not log you in: continue with `POST /login`.
         *
         *     Usernames are normalized to Unicode NFKC and compared without case: `Dana` and `dana` are the same. Partitioned
         *     servers can both register a name or an email. Both accounts stay; after the heal the older one holds the name, and
         *     the other shows as `name~xxxx` (see `User`).
         */
        post: operations["registerUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in
         * @description Opens a session and sets its cookie. Without `remember_me` the browser deletes the cookie when it closes; with it,
         *     the cookie is kept for 7 days. The session ends at `expires_at` at the latest.
         *
         *     A wrong password and an unknown account get the same response after the same time. After 5 wrong passwords for one
         *     account from one address, that address is refused for that account for 15 minutes. Other addresses can still log
         *     in. An address that fails on many accounts is refused for all of them.
         *
         *     Only the correct password reveals that an operator has disabled the account, or that it has been deleted.
         */
        post: operations["loginUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log out
         * @description Ends this session on every server, on unreachable ones as soon as they are reachable, and removes the cookie. A
         *     request with a token revokes that token.
         */
        post: operations["logoutUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * See your account
         * @description Your account with its used storage and its quota. `used_storage` is always the sum of the sizes of your files.
         */
        get: operations["getMe"];
        put?: never;
        post?: never;
        /**
         * Delete your account
         * @description Closes the account on every server: it looks deleted to everybody, and its sessions and tokens end. After a grace of
         *     14 days (the operator may set another) it is erased with all its files, and its name is free. Until then the
         *     operator can reopen it.
         *
         *     The session must be younger than 10 minutes, so that one left open cannot do this: log in again if it is older. A
         *     token cannot delete an account: it gets 403 `session-required`.
         */
        delete: operations["deleteMe"];
        options?: never;
        head?: never;
        /**
         * Change your email or password
         * @description Changes the email, the password, or both. Both need the current password. A new password ends all your other
         *     sessions on every server. Tokens stay valid: revoke them with `DELETE /tokens/{token_id}`.
         *
         *     Wrong current passwords count as wrong logins.
         */
        patch: operations["updateMe"];
        trace?: never;
    };
    "/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your sessions
         * @description Your live sessions on all servers, oldest first. `current` marks the session of the request.
         */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a session
         * @description Ends one of your sessions on every server, for example on a lost phone. Ending the current one is the same as
         *     `POST /logout`.
         */
        delete: operations["revokeSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your tokens
         * @description Your live tokens, oldest first, without their secrets.
         */
        get: operations["listTokens"];
        put?: never;
        /**
         * Create a token
         * @description Creates a token for a script. Only this response has the secret, in `token`; the server stores its hash. Prefer a
         *     short lifetime and the scope `read`. An account has at most 100 live tokens.
         */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tokens/{token_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a token
         * @description Ends one of your tokens on every server, on unreachable ones as soon as they are reachable.
         */
        delete: operations["revokeToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/upload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload a file
         * @description Stores one file of any type. The form has one part `file`, and optional fields before or after it: `folder`,
         *     `visibility`, `sha256`. An empty field counts as absent.
         *
         *     ```sh
         *     curl $base/upload -b jar -F folder=/photos -F visibility=friends -F file=@sunset.jpg
         *     ```
         *
         *     - The name is the part's `filename`, in any script, stored exactly as sent. The media type is the part's
         *       `Content-Type`.
         *     - With `sha256`, content with another checksum is refused (400 `checksum-mismatch`).
         *     - Two files may have the same name in the same folder: each upload creates a new file with its own id.
         *     - 201 means that the content is durable on this server. With `min_copies` the response waits up to 30 seconds until
         *       that many servers store it. 202 means that fewer servers store it so far. The file exists in both cases.
         *     - An interrupted upload leaves no file and uses no storage.
         *     - With `Content-Length` and `Expect: 100-continue` (curl sends both for large files) an insufficient quota is
         *       reported before you send the content.
         */
        post: operations["uploadFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your files
         * @description Your own files in the order of `sort`, by name by default. A file must match all filters. Files with equal sort values
         *     are ordered by id. With a filter a page can hold fewer files than `limit` while `next_cursor` is not `null`: only
         *     `null` ends the list.
         */
        get: operations["listFiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/files/{file_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * See a file's metadata
         * @description Name, size, visibility, availability and other metadata of a file that you may read: your own, a friend's that is not
         *     private, or a public one.
         */
        get: operations["getFile"];
        put?: never;
        post?: never;
        /**
         * Delete a file
         * @description Deletes the file on every server, for good. This frees its storage at once. Only the owner may.
         */
        delete: operations["deleteFile"];
        options?: never;
        head?: never;
        /**
         * Rename, move or share a file
         * @description Changes the name, the folder, the visibility, or several of them. Only the owner may. With `If-Match` the change
         *     is made only if the metadata has not changed since you last read it.
         */
        patch: operations["updateFile"];
        trace?: never;
    };
    "/download/{file_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download a file
         * @description The content of a file that you may read, byte for byte as uploaded. Public files need no login. An expired session
         *     cookie counts as no login here; an invalid token is refused.
         *
         *     - `Range` requests a part, to resume a download: `curl -C - -O`. A request for several ranges that are not adjacent
         *       gets the whole file.
         *     - `ETag` identifies the content: renaming does not change it, and it is equal on all servers. Send it as
         *       `If-None-Match` to skip content that you have, or as `If-Range` to resume only the same content.
         *     - `Repr-Digest` is the sha256 of the whole file.
         *     - Content that is still arriving at this server is relayed as it arrives. If no connected server has it, the
         *       response is 503 `content-pending`.
         */
        get: operations["downloadFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * Headers of a download
         * @description The status and headers of `GET /download/{file_id}`: size, type, checksum and `ETag`. A problem has only its
         *     status, because a response to HEAD has no body. `Range` is ignored (RFC 9110, section 14.2).
         */
        head: operations["downloadFileHead"];
        patch?: never;
        trace?: never;
    };
    "/friends/request": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a friend request
         * @description Sends a friend request. If that user has already sent you one, this accepts it: the response is 200 with `status`
         *     `accepted`, and you are friends.
         */
        post: operations["requestFriend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/friends/request/{req_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Cancel a friend request
         * @description Cancels a pending request that you sent.
         */
        delete: operations["cancelFriendRequest"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/friends/requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List friend requests
         * @description The pending requests, sent to you (`to` is you) or by you (`from` is you), oldest first.
         */
        get: operations["listFriendRequests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/friends/accept/{req_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept a friend request
         * @description Makes you friends: each can now read the files that the other shares with friends. Only the recipient can accept.
         */
        post: operations["acceptFriendRequest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/friends/reject/{req_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reject a friend request
         * @description Rejects a request. Only the recipient can reject it. The sender can send another.
         */
        post: operations["rejectFriendRequest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/friends": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your friends
         * @description Your friends, and when each friendship began, in the order of their ids.
         */
        get: operations["listFriends"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/friends/{username}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a friendship
         * @description Neither can then read the files that the other shares with friends. No file is deleted.
         */
        delete: operations["removeFriend"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/friends/{username}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a friend's shared files
         * @description A friend's files with the visibility `friends` or `public`, newest first. Download them by their ids.
         */
        get: operations["listFriendFiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Receive changes as they happen
         * @description A stream of server-sent events that concern you, from all servers:
         *
         *     | event | when | data |
         *     |---|---|---|
         *     | `file.created` | you uploaded a file, or a friend shared one | `FileInfo` |
         *     | `file.updated` | one of these was renamed, moved, or its visibility changed | `FileInfo` |
         *     | `file.deleted` | one of these was deleted, or you may no longer read it | `{ "id" }` |
         *     | `friend.requested` | somebody sent you a request, or you sent one | `FriendRequest` |
         *     | `friend.accepted` | a request was accepted, or a friend's account was enabled again | `Friend`: the other user |
         *     | `friend.rejected` | a request was rejected or cancelled | `FriendRequest` |
         *     | `friend.removed` | a friendship ended, or a friend's account was deleted or disabled | `PublicUser`: the other user |
         *     | `storage.changed` | your used storage or your quota changed | `{ "used_storage", "storage_quota" }` |
         *     | `stream.reset` | this server does not know the `Last-Event-ID` | `{}` |
         *
         *     `data` is one line of JSON, the resource as the API shows it to you. Each event has an `id`. A client that
         *     reconnects with its last id as `Last-Event-ID`, as browsers do, gets every event since then, once. Ids are valid on
         *     one server. After `stream.reset` fetch your lists again and continue from there. A comment every 15 seconds keeps
         *     the connection alive. The stream ends with the session or token.
         *
         *     `/docs` cannot show a response that does not end. Try it with:
         *
         *     ```sh
         *     curl -N $base/events -b jar
         *     ```
         */
        get: operations["streamEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Health of the server
         * @description 200 while the server works, 503 while it starts, closes or cannot store anything; `detail` has the reason. The
         *     check writes to the disk. The link to the other servers does not count, because this one works without it; see
         *     `GET /sync/status`.
         */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Synchronization with the other servers
         * @description The state of the link to the grand server, the changes to send, and the position in the change log.
         *     `state_digest` needs `digest=true` and the operator's token. It is equal on servers that have applied the same
         *     changes.
         */
        get: operations["getSyncStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description Counters and gauges of this server in the text format of Prometheus. Needs the operator's token; without one in
         *     the configuration the response is 404.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Format: uuid
         * @description A UUID of version 7.
         * @example 01a207e2-48c0-7173-b83d-9c172411e20b
         */
        Id: string;
        /**
         * Format: date-time
         * @description RFC 3339, UTC, with milliseconds.
         * @example 2026-11-23T10:00:00.000Z
         */
        Time: string;
        /**
         * Format: int64
         * @description A number of bytes.
         */
        Bytes: number;
        /**
         * @description A sha256 checksum in lower-case hexadecimal.
         * @example 55c64d0fcd6f9d5f7c828093857e3fdfda68478bb4e9bd24d481ef391c7804e8
         */
        Sha256: string;
        /** @description The `cursor` of the next page, or null when this is the last. */
        NextCursor: string | null;
        /**
         * @description An email address, including one in a local network (`dana@nas`) or with letters of any script. Compared without
         *     case; surrounding spaces are removed.
         * @example dana@example.com
         */
        Email: string;
        /**
         * @description 3 to 32 letters, marks and digits of any script, `.`, `_` and `-`, not beginning with a mark. Surrounding spaces are
         *     removed, and the result is normalized to Unicode NFKC and must still match these rules. Invisible characters are not
         *     allowed. Cyrillic, Greek, Armenian, Cherokee and Coptic letters must not be mixed with those of other scripts,
         *     because they look alike. Compared without case.
         * @example dana
         * @example נועם
         * @example kim_42
         */
        ChosenUsername: string;
        /**
         * @description A username as the API shows it, possibly with a suffix such as `~1a2b`.
         * @example noam
         */
        ShownUsername: string;
        /**
         * Format: password
         * @description 8 to 256 characters of any kind. A few unrelated words make a good password.
         * @example correct horse battery
         */
        ChosenPassword: string;
        /**
         * Format: password
         * @description The account's password.
         * @example correct horse battery
         */
        GivenPassword: string;
        /**
         * @description Any Unicode text of at most 255 bytes in UTF-8, without `/` and control characters, and not `.` or `..`. Stored
         *     exactly as sent.
         * @example שקיעה בחוף.jpg
         */
        FileName: string;
        /**
         * @description An absolute path of names separated by `/`, without a trailing `/`, of at most 1024 bytes in UTF-8; `/` is the root.
         *     Each name follows the rules of file names. The path is normalized to Unicode NFC. Folders need not be created: a
         *     folder exists while a file is in it.
         * @example /photos/2026
         */
        Folder: string;
        /**
         * @description The readers of the file besides its owner: `private` none, `friends` the owner's friends, `public` anybody who has
         *     its id.
         * @enum {string}
         */
        Visibility: "private" | "friends" | "public";
        /**
         * @description The permission of the token - `read` to list and download, `write` for everything.
         * @enum {string}
         */
        TokenScope: "read" | "write";
        Registration: {
            username: components["schemas"]["ChosenUsername"];
            email: components["schemas"]["Email"];
            password: components["schemas"]["ChosenPassword"];
        };
        Login: {
            /** @description The username or the email. Surrounding spaces are removed. */
            identifier: string;
            password: components["schemas"]["GivenPassword"];
            /** @description Keep the cookie for 7 days, even after the browser closes. False by default. */
            remember_me?: boolean;
        };
        AccountChange: {
            email?: components["schemas"]["Email"];
            new_password?: components["schemas"]["ChosenPassword"];
            current_password: components["schemas"]["GivenPassword"];
        };
        /** @description Your own account, with its private properties. */
        User: {
            id: components["schemas"]["Id"];
            /**
             * @description The name that the account holds. In a name conflict it is the requested name with `~` and the last four
             *     characters of the id. You can log in with it.
             */
            username: string;
            /** @description The email that the account holds; in a conflict with the same suffix. */
            email: string;
            created_at: components["schemas"]["Time"];
            /**
             * Format: int64
             * @description The sum of the sizes of your files, in bytes.
             */
            used_storage: number;
            /**
             * Format: int64
             * @description The maximum sum of the sizes of your files, in bytes.
             */
            storage_quota: number;
            /**
             * @description The username that you registered, present only if another account holds it. Two accounts can claim one name if
             *     they register on partitioned servers.
             */
            requested_username?: string;
            /** @description The email that you requested, present only if another account holds it. */
            requested_email?: string;
        };
        /** @description The public properties of an account. */
        PublicUser: {
            id: components["schemas"]["Id"];
            /** @description The name that the account holds. */
            username: string;
        };
        LoginResult: {
            user: components["schemas"]["User"];
            expires_at: components["schemas"]["Time"];
        };
        Session: {
            id: components["schemas"]["Id"];
            created_at: components["schemas"]["Time"];
            expires_at: components["schemas"]["Time"];
            last_used_at: components["schemas"]["LastUsed"];
            /** @description The `User-Agent` of the login. */
            user_agent: string | null;
            /** @description True for the session of this request. */
            current: boolean;
        };
        SessionList: {
            items: components["schemas"]["Session"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        /**
         * Format: date-time
         * @description The last use on this server, to within some minutes; null if never used.
         */
        LastUsed: string | null;
        /**
         * Format: date-time
         * @description When the token expires; null if never.
         */
        TokenExpiry: string | null;
        NewToken: {
            /** @description The purpose of the token, in your words. */
            name: string;
            /** @description The permission of the token; `read` by default. */
            scope?: components["schemas"]["TokenScope"];
            /** @description The days until the token expires. Without it the token does not expire. */
            expires_in_days?: number;
        };
        Token: {
            id: components["schemas"]["Id"];
            /** @description The purpose of the token. */
            name: string;
            scope: components["schemas"]["TokenScope"];
            created_at: components["schemas"]["Time"];
            expires_at: components["schemas"]["TokenExpiry"];
            last_used_at: components["schemas"]["LastUsed"];
        };
        /** @description A token with its secret. */
        CreatedToken: {
            id: components["schemas"]["Id"];
            /** @description The purpose of the token. */
            name: string;
            scope: components["schemas"]["TokenScope"];
            created_at: components["schemas"]["Time"];
            expires_at: components["schemas"]["TokenExpiry"];
            last_used_at: components["schemas"]["LastUsed"];
            /** @description The secret, for `Authorization` `Bearer`, or the password of `Basic`. Shown only once. */
            token: string;
        };
        TokenList: {
            items: components["schemas"]["Token"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        Upload: {
            /**
             * @description The file's folder, a path as in `Folder`; `/` by default.
             * @example /
             */
            folder?: string;
            /**
             * @description The readers of the file, as in `Visibility`; `private` by default.
             * @enum {string}
             */
            visibility?: "private" | "friends" | "public" | "";
            /**
             * @description The expected sha256 checksum, in lower-case hexadecimal.
             * @example
             */
            sha256?: string;
            /**
             * Format: binary
             * @description The content. This part has a `filename`.
             */
            file: Readable | Buffer;
        };
        FileInfo: {
            id: components["schemas"]["Id"];
            owner: components["schemas"]["PublicUser"];
            name: components["schemas"]["FileName"];
            folder: components["schemas"]["Folder"];
            size: components["schemas"]["Bytes"];
            /** @description The media type from the upload. */
            media_type: string;
            sha256: components["schemas"]["Sha256"];
            visibility: components["schemas"]["Visibility"];
            created_at: components["schemas"]["Time"];
            modified_at: components["schemas"]["Time"];
            /** @description True if the content can be downloaded now, from this server's disk or through a connected server. */
            available: boolean;
            /** @description The servers that store the content, as far as this one knows. */
            stored_on: string[];
        };
        FileList: {
            items: components["schemas"]["FileInfo"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        FileChange: {
            name?: components["schemas"]["FileName"];
            folder?: components["schemas"]["Folder"];
            visibility?: components["schemas"]["Visibility"];
        };
        NewFriendRequest: {
            username: components["schemas"]["ShownUsername"];
        };
        FriendRequest: {
            id: components["schemas"]["Id"];
            from: components["schemas"]["PublicUser"];
            to: components["schemas"]["PublicUser"];
            /** @enum {string} */
            status: "pending" | "accepted" | "rejected" | "cancelled";
            created_at: components["schemas"]["Time"];
        };
        FriendRequestList: {
            items: components["schemas"]["FriendRequest"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        Friend: {
            id: components["schemas"]["Id"];
            /** @description The name that the account holds. */
            username: string;
            since: components["schemas"]["Time"];
        };
        FriendList: {
            items: components["schemas"]["Friend"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        /** @description One event of `GET /events`. In the stream `id`, `event` and `data` are its fields, `data` as JSON. */
        StreamEvent: components["schemas"]["FileEvent"] | components["schemas"]["FileDeletedEvent"] | components["schemas"]["FriendRequestEvent"] | components["schemas"]["FriendAcceptedEvent"] | components["schemas"]["FriendRemovedEvent"] | components["schemas"]["StorageChangedEvent"] | components["schemas"]["StreamResetEvent"];
        FileEvent: {
            id: components["schemas"]["EventId"];
            /** @enum {string} */
            event: "file.created" | "file.updated";
            data: components["schemas"]["FileInfo"];
        };
        FileDeletedEvent: {
            id: components["schemas"]["EventId"];
            /** @constant */
            event: "file.deleted";
            data: components["schemas"]["DeletedFile"];
        };
        FriendRequestEvent: {
            id: components["schemas"]["EventId"];
            /** @enum {string} */
            event: "friend.requested" | "friend.rejected";
            data: components["schemas"]["FriendRequest"];
        };
        FriendAcceptedEvent: {
            id: components["schemas"]["EventId"];
            /** @constant */
            event: "friend.accepted";
            data: components["schemas"]["Friend"];
        };
        FriendRemovedEvent: {
            id: components["schemas"]["EventId"];
            /** @constant */
            event: "friend.removed";
            data: components["schemas"]["PublicUser"];
        };
        StorageChangedEvent: {
            id: components["schemas"]["EventId"];
            /** @constant */
            event: "storage.changed";
            data: components["schemas"]["StorageUse"];
        };
        StreamResetEvent: {
            id: components["schemas"]["EventId"];
            /** @constant */
            event: "stream.reset";
            data: Record<string, never>;
        };
        /** @description The event's position in this server's event log, for `Last-Event-ID`. */
        EventId: string;
        DeletedFile: {
            id: components["schemas"]["Id"];
        };
        StorageUse: {
            used_storage: components["schemas"]["Bytes"];
            storage_quota: components["schemas"]["Bytes"];
        };
        Health: {
            /** @constant */
            status: "ok";
            /** @description The server's name. */
            server: string;
            /** @description The version of the software. */
            version: string;
        };
        SyncStatus: {
            /** @description The server's name. */
            server: string;
            /** @description True while the link to the grand server is up. */
            connected: boolean;
            /** @description The reason while the link is down. */
            detail?: string;
            /** @description Changes in the send queue. */
            queue_length: number;
            /** @description Changes made on this server that the grand server has not acknowledged, including the queue. They survive a crash. */
            unacknowledged: number;
            /** @description The position in the change log up to which this server has applied all entries. */
            applied_position: number;
            /** @description The head of the change log, as last received; null if never. */
            log_head: number | null;
            /** @description Seconds since this server was last up to date; null if it never was. */
            lag_seconds: number | null;
            /** @description Changes that could not be applied. More than 0 needs the operator's attention. */
            dead_letters: number;
            /** @description A hash of the replicated state, equal on servers that have applied the same changes. */
            state_digest?: components["schemas"]["Sha256"];
        };
        /** @description An error (RFC 9457). */
        Problem: {
            type: components["schemas"]["ProblemType"];
            /** @description The kind of problem, the same for every problem of this type. */
            title: string;
            /** @description The HTTP status. */
            status: number;
            /** @description The fault of this request. */
            detail: string;
            /** @description The request's id, as in `X-Request-Id`. */
            request_id: string;
            /** @description The invalid parts, for `validation-failed`. */
            errors?: components["schemas"]["InvalidPart"][];
            /**
             * Format: int64
             * @description The storage quota in bytes, for `quota-exceeded`.
             */
            quota?: number;
            /**
             * Format: int64
             * @description The bytes of all files of the account, for `quota-exceeded`.
             */
            used?: number;
            /**
             * Format: int64
             * @description The bytes reserved for uploads in flight, for `quota-exceeded`.
             */
            reserved?: number;
            /**
             * Format: int64
             * @description The bytes that this upload needs, for `quota-exceeded`.
             */
            required?: number;
        };
        InvalidPart: {
            /** @description The path of the part in the request: `body/email`, `query/cursor`, `path/file_id`. */
            path: string;
            /** @description The fault of this part. */
            message: string;
        };
        /**
         * @description The kind of problem. The list is closed.
         * @enum {string}
         */
        ProblemType: "urn:problem-type:syncsphere:validation-failed" | "urn:problem-type:syncsphere:malformed-json" | "urn:problem-type:syncsphere:unauthenticated" | "urn:problem-type:syncsphere:insufficient-scope" | "urn:problem-type:syncsphere:session-required" | "urn:problem-type:syncsphere:cross-origin" | "urn:problem-type:syncsphere:https-required" | "urn:problem-type:syncsphere:registration-closed" | "urn:problem-type:syncsphere:username-taken" | "urn:problem-type:syncsphere:email-taken" | "urn:problem-type:syncsphere:invalid-credentials" | "urn:problem-type:syncsphere:account-disabled" | "urn:problem-type:syncsphere:account-closed" | "urn:problem-type:syncsphere:too-many-attempts" | "urn:problem-type:syncsphere:wrong-password" | "urn:problem-type:syncsphere:reauthentication-required" | "urn:problem-type:syncsphere:session-not-found" | "urn:problem-type:syncsphere:token-not-found" | "urn:problem-type:syncsphere:too-many-tokens" | "urn:problem-type:syncsphere:checksum-mismatch" | "urn:problem-type:syncsphere:file-too-large" | "urn:problem-type:syncsphere:body-too-large" | "urn:problem-type:syncsphere:quota-exceeded" | "urn:problem-type:syncsphere:disk-full" | "urn:problem-type:syncsphere:file-not-found" | "urn:problem-type:syncsphere:not-owner" | "urn:problem-type:syncsphere:precondition-failed" | "urn:problem-type:syncsphere:range-not-satisfiable" | "urn:problem-type:syncsphere:content-pending" | "urn:problem-type:syncsphere:user-not-found" | "urn:problem-type:syncsphere:already-friends" | "urn:problem-type:syncsphere:request-pending" | "urn:problem-type:syncsphere:self-request" | "urn:problem-type:syncsphere:request-not-found" | "urn:problem-type:syncsphere:not-pending" | "urn:problem-type:syncsphere:friend-not-found" | "urn:problem-type:syncsphere:not-found" | "urn:problem-type:syncsphere:method-not-allowed" | "urn:problem-type:syncsphere:unsupported-media-type" | "urn:problem-type:syncsphere:request-timeout" | "urn:problem-type:syncsphere:request-header-too-large" | "urn:problem-type:syncsphere:rate-limited" | "urn:problem-type:syncsphere:too-many-streams" | "urn:problem-type:syncsphere:unavailable" | "urn:problem-type:syncsphere:internal-error";
    };
    responses: {
        /** @description Done; the response has no body. */
        Done: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description The whole file. `Content-Type` is the file's media type. */
        FileBytes: {
            headers: {
                ETag: components["headers"]["ContentETag"];
                "Accept-Ranges": components["headers"]["Accept-Ranges"];
                "Last-Modified": components["headers"]["Last-Modified"];
                "Content-Disposition": components["headers"]["Content-Disposition"];
                "Content-Length": components["headers"]["Content-Length"];
                "Repr-Digest": components["headers"]["Repr-Digest"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "*/*": Readable | Buffer;
            };
        };
        /** @description The part that `Range` requests. */
        FileRange: {
            headers: {
                ETag: components["headers"]["ContentETag"];
                "Accept-Ranges": components["headers"]["Accept-Ranges"];
                "Last-Modified": components["headers"]["Last-Modified"];
                "Content-Disposition": components["headers"]["Content-Disposition"];
                "Content-Length": components["headers"]["Content-Length"];
                "Content-Range": components["headers"]["Content-Range"];
                "Repr-Digest": components["headers"]["Repr-Digest"];
                "Content-Security-Policy": components["headers"]["Content-Security-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "*/*": Readable | Buffer;
            };
        };
        /** @description Your copy is current. */
        BytesNotModified: {
            headers: {
                ETag: components["headers"]["ContentETag"];
                "Last-Modified": components["headers"]["Last-Modified"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description A parameter is not valid. */
        InvalidRequest: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body or a parameter is not valid. */
        InvalidBody: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The form is not valid, or the content does not match `sha256`. */
        InvalidUpload: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The login is missing or has ended. */
        Unauthenticated: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account is unknown or the password wrong. */
        InvalidCredentials: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The token may only read, or the request comes from another site. */
        WriteRefused: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Registration is closed on this server, or the request comes from another site. */
        RegistrationRefused: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The current password is wrong, the token may only read, or the request comes from another site. */
        AccountChangeRefused: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The operator has disabled the account, it has been deleted, the request comes from another site, or it came over plain HTTP although the
         *     server's public origin is HTTPS.
         */
        LoginRefused: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The session is too old, the request has a token, or it comes from another site. */
        AccountDeletionRefused: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The file is not yours, the token may only read, or the request comes from another site. */
        FileChangeRefused: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The digest needs the operator's token. */
        DigestRefused: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description You have no such session. */
        SessionNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description You have no such token. */
        TokenNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such file, or you may not read it. */
        FileNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such user. */
        UserNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such friend request, or you may not decide it. */
        RequestNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description You have no friend with this username. */
        FriendNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description This server has no operator's token configured. */
        MetricsOff: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body did not arrive in time. */
        RequestTimeout: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Another account holds this username or email. */
        NameOrEmailTaken: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Another account holds this email. */
        EmailTaken: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account has the maximum number of tokens. */
        TooManyTokens: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description You are friends already, a request is pending, or the user is you. */
        FriendRequestConflict: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request is not pending any more. */
        NotPending: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The file does not match `If-Match` or `If-Unmodified-Since`. */
        PreconditionFailed: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is larger than the limit. */
        BodyTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The file, or a field of the form, is larger than the limit. */
        UploadTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The operation does not accept this media type, a `Content-Encoding`, or any body. */
        UnsupportedMediaType: {
            headers: {
                Accept: components["headers"]["Accept"];
                "Accept-Encoding": components["headers"]["Accept-Encoding"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The range lies outside the file. */
        RangeNotSatisfiable: {
            headers: {
                "Content-Range": components["headers"]["UnsatisfiedRange"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests. */
        RateLimited: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests, or too many wrong passwords. */
        TooManyAttempts: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests, or too many open streams. */
        TooManyStreams: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The server failed. Its log has the cause under `request_id`. */
        InternalError: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The server is starting, closing or overloaded, or cannot store anything: its disk is full or read-only, or another
         *     process has locked its database. The request has not been carried out.
         */
        Unavailable: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No connected server stores the content yet, or this one is starting, closing or overloaded. */
        ContentUnavailable: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The file does not fit into your quota, or the server's disk is full. */
        NoStorage: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                "Cache-Control": components["headers"]["Cache-Control"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description The maximum number of items of the page. */
        Limit: number;
        /** @description The start of the page, `next_cursor` of the previous page. Without it, the first page. */
        Cursor: string;
        /** @description Only requests sent to you (`incoming`), or only those sent by you (`outgoing`). */
        Direction: "incoming" | "outgoing";
        /** @description The session's id, from `GET /sessions`. */
        SessionId: components["schemas"]["Id"];
        /** @description The token's id, from `GET /tokens`. */
        TokenId: components["schemas"]["Id"];
        /** @description The file's id. */
        FileId: components["schemas"]["Id"];
        /** @description The friend request's id, from `GET /friends/requests`. */
        RequestId: components["schemas"]["Id"];
        /** @description The friend's username as in `GET /friends`, in any case. */
        FriendUsername: components["schemas"]["ShownUsername"];
        /** @description Only files in exactly this folder, not those in folders below it. */
        FolderFilter: components["schemas"]["Folder"];
        /** @description Only files whose name contains this text, in any case. */
        Search: string;
        /** @description Only files with this visibility. */
        VisibilityFilter: components["schemas"]["Visibility"];
        /** @description The order; `-` reverses it, so `-created_at` is newest first. Names are compared without case. */
        Sort: "name" | "-name" | "created_at" | "-created_at" | "size" | "-size";
        /**
         * @description The number of servers, including this one, that should store the content before the response, which waits up to 30
         *     seconds.
         */
        MinCopies: number;
        /** @description Also compute `state_digest`. Needs the operator's token. */
        Digest: boolean;
        /** @description The `id` of the last event that you received; the stream continues after it. Without it, only new events. */
        LastEventId: string;
        /** @description Proceed only if the `ETag` is one of these, or `*`; otherwise respond with 412. */
        IfMatch: string;
        /** @description Respond with 304, without a body, if the `ETag` is one of these, or `*`. */
        IfNoneMatch: string;
        /** @description Respond with 304 if the content has not changed since this HTTP date. Ignored beside `If-None-Match`. */
        IfModifiedSince: string;
        /** @description Respond with 412 if the content has changed since this HTTP date. Ignored beside `If-Match`. */
        IfUnmodifiedSince: string;
        /** @description Apply `Range` only if the `ETag`, or the date in `Last-Modified`, is this; otherwise send the whole file. */
        IfRange: string;
        /** @description The requested part, for example `bytes=1048576-`. An unknown unit or syntax is ignored. */
        Range: string;
    };
    requestBodies: never;
    headers: {
        /** @description The request's id, also in the server's log. */
        "X-Request-Id": string;
        /** @description Always `nosniff`, so that browsers do not guess another type. */
        "X-Content-Type-Options": "nosniff";
        /** @description Usually `no-store`. Responses are not for shared caches. */
        "Cache-Control": string;
        /** @description The requests left (`r`), and the seconds until the reset (`t`). */
        RateLimit: string;
        /** @description The quota of requests (`q`) in a window of seconds (`w`). */
        "RateLimit-Policy": string;
        /** @description Always `no`, so that proxies such as nginx do not buffer the stream. */
        "X-Accel-Buffering": "no";
        /** @description The seconds to wait before a retry. */
        "Retry-After": number;
        /** @description The media types that the operation accepts, if it has a body (RFC 9110, section 15.5.16). */
        Accept: string;
        /** @description Present if the body had a `Content-Encoding`; always `identity` (RFC 9110, section 15.5.16). */
        "Accept-Encoding": "identity";
        /** @description How to authenticate. */
        "WWW-Authenticate": string;
        /** @description Sets the session cookie, or removes it (`Max-Age=0`). */
        "Set-Cookie": string;
        /** @description The version of the file's metadata, for `If-Match` and `If-None-Match`. */
        ETag: string;
        /** @description The path of the file's metadata. */
        FileLocation: string;
        /** @description A strong validator of the content. */
        ContentETag: string;
        /** @description Always `bytes`; `Range` can request parts. */
        "Accept-Ranges": "bytes";
        /** @description The time of the upload. Renaming does not change it. */
        "Last-Modified": string;
        /** @description Always `attachment`, with the file's name (RFC 6266). */
        "Content-Disposition": string;
        /** @description The number of bytes of this response. */
        "Content-Length": number;
        /** @description The position of this part, and the size of the file. */
        "Content-Range": string;
        /** @description The size of the file. */
        UnsatisfiedRange: string;
        /** @description The sha256 of the whole file, in base64 between colons (RFC 9530). */
        "Repr-Digest": string;
        /** @description Always with `sandbox`, so that a file that a browser renders nevertheless can run nothing. */
        "Content-Security-Policy": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    registerUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Registration"];
            };
        };
        responses: {
            /** @description The account has been created. */
            201: {
                headers: {
                    /** @description The path of your account after login, always `/me`. */
                    Location: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["InvalidBody"];
            403: components["responses"]["RegistrationRefused"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["NameOrEmailTaken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    loginUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description Logged in; the cookie is set. */
            200: {
                headers: {
                    "Set-Cookie": components["headers"]["Set-Cookie"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginResult"];
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["InvalidCredentials"];
            403: components["responses"]["LoginRefused"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyAttempts"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    logoutUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Logged out. */
            204: {
                headers: {
                    "Set-Cookie": components["headers"]["Set-Cookie"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WriteRefused"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    getMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Your account. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account is closed. */
            204: {
                headers: {
                    "Set-Cookie": components["headers"]["Set-Cookie"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["AccountDeletionRefused"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountChange"];
            };
        };
        responses: {
            /** @description The account after the change. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["AccountChangeRefused"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["EmailTaken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["TooManyAttempts"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description The maximum number of items of the page. */
                limit?: components["parameters"]["Limit"];
                /** @description The start of the page, `next_cursor` of the previous page. Without it, the first page. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of sessions. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    revokeSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session's id, from `GET /sessions`. */
                session_id: components["parameters"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session has ended. If it was the current one, its cookie is removed. */
            204: {
                headers: {
                    "Set-Cookie": components["headers"]["Set-Cookie"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WriteRefused"];
            404: components["responses"]["SessionNotFound"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listTokens: {
        parameters: {
            query?: {
                /** @description The maximum number of items of the page. */
                limit?: components["parameters"]["Limit"];
                /** @description The start of the page, `next_cursor` of the previous page. Without it, the first page. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of tokens. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenList"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    createToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewToken"];
            };
        };
        responses: {
            /** @description The token has been created. Store the secret. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedToken"];
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WriteRefused"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["TooManyTokens"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    revokeToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The token's id, from `GET /tokens`. */
                token_id: components["parameters"]["TokenId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WriteRefused"];
            404: components["responses"]["TokenNotFound"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    uploadFile: {
        parameters: {
            query?: {
                /**
                 * @description The number of servers, including this one, that should store the content before the response, which waits up to 30
                 *     seconds.
                 */
                min_copies?: components["parameters"]["MinCopies"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["Upload"];
            };
        };
        responses: {
            /** @description The file has been stored. */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["FileLocation"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileInfo"];
                };
            };
            /** @description The file is stored on this server, but not yet on `min_copies` servers. Replication continues in the background. */
            202: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["FileLocation"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileInfo"];
                };
            };
            400: components["responses"]["InvalidUpload"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WriteRefused"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["UploadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["NoStorage"];
        };
    };
    listFiles: {
        parameters: {
            query?: {
                /** @description Only files in exactly this folder, not those in folders below it. */
                folder?: components["parameters"]["FolderFilter"];
                /** @description Only files whose name contains this text, in any case. */
                q?: components["parameters"]["Search"];
                /** @description Only files with this visibility. */
                visibility?: components["parameters"]["VisibilityFilter"];
                /** @description The order; `-` reverses it, so `-created_at` is newest first. Names are compared without case. */
                sort?: components["parameters"]["Sort"];
                /** @description The maximum number of items of the page. */
                limit?: components["parameters"]["Limit"];
                /** @description The start of the page, `next_cursor` of the previous page. Without it, the first page. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of your files. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileList"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    getFile: {
        parameters: {
            query?: never;
            header?: {
                /** @description Respond with 304, without a body, if the `ETag` is one of these, or `*`. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description The file's id. */
                file_id: components["parameters"]["FileId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file's metadata. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileInfo"];
                };
            };
            /** @description The metadata still matches `If-None-Match`. */
            304: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["FileNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The file's id. */
                file_id: components["parameters"]["FileId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["FileChangeRefused"];
            404: components["responses"]["FileNotFound"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateFile: {
        parameters: {
            query?: never;
            header?: {
                /** @description Proceed only if the `ETag` is one of these, or `*`; otherwise respond with 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description The file's id. */
                file_id: components["parameters"]["FileId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FileChange"];
            };
        };
        responses: {
            /** @description The file after the change. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileInfo"];
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["FileChangeRefused"];
            404: components["responses"]["FileNotFound"];
            408: components["responses"]["RequestTimeout"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    downloadFile: {
        parameters: {
            query?: never;
            header?: {
                /** @description The requested part, for example `bytes=1048576-`. An unknown unit or syntax is ignored. */
                Range?: components["parameters"]["Range"];
                /** @description Proceed only if the `ETag` is one of these, or `*`; otherwise respond with 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description Respond with 304, without a body, if the `ETag` is one of these, or `*`. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /** @description Respond with 304 if the content has not changed since this HTTP date. Ignored beside `If-None-Match`. */
                "If-Modified-Since"?: components["parameters"]["IfModifiedSince"];
                /** @description Respond with 412 if the content has changed since this HTTP date. Ignored beside `If-Match`. */
                "If-Unmodified-Since"?: components["parameters"]["IfUnmodifiedSince"];
                /** @description Apply `Range` only if the `ETag`, or the date in `Last-Modified`, is this; otherwise send the whole file. */
                "If-Range"?: components["parameters"]["IfRange"];
            };
            path: {
                /** @description The file's id. */
                file_id: components["parameters"]["FileId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["FileBytes"];
            206: components["responses"]["FileRange"];
            304: components["responses"]["BytesNotModified"];
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["FileNotFound"];
            412: components["responses"]["PreconditionFailed"];
            416: components["responses"]["RangeNotSatisfiable"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["ContentUnavailable"];
        };
    };
    downloadFileHead: {
        parameters: {
            query?: never;
            header?: {
                /** @description Proceed only if the `ETag` is one of these, or `*`; otherwise respond with 412. */
                "If-Match"?: components["parameters"]["IfMatch"];
                /** @description Respond with 304, without a body, if the `ETag` is one of these, or `*`. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
                /** @description Respond with 304 if the content has not changed since this HTTP date. Ignored beside `If-None-Match`. */
                "If-Modified-Since"?: components["parameters"]["IfModifiedSince"];
                /** @description Respond with 412 if the content has changed since this HTTP date. Ignored beside `If-Match`. */
                "If-Unmodified-Since"?: components["parameters"]["IfUnmodifiedSince"];
            };
            path: {
                /** @description The file's id. */
                file_id: components["parameters"]["FileId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["FileBytes"];
            304: components["responses"]["BytesNotModified"];
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["FileNotFound"];
            412: components["responses"]["PreconditionFailed"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["ContentUnavailable"];
        };
    };
    requestFriend: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewFriendRequest"];
            };
        };
        responses: {
            /** @description The other user's request has been accepted; you are friends now. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FriendRequest"];
                };
            };
            /** @description The request has been sent. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FriendRequest"];
                };
            };
            400: components["responses"]["InvalidBody"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WriteRefused"];
            404: components["responses"]["UserNotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["FriendRequestConflict"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    cancelFriendRequest: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The friend request's id, from `GET /friends/requests`. */
                req_id: components["parameters"]["RequestId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WriteRefused"];
            404: components["responses"]["RequestNotFound"];
            409: components["responses"]["NotPending"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listFriendRequests: {
        parameters: {
            query?: {
                /** @description Only requests sent to you (`incoming`), or only those sent by you (`outgoing`). */
                direction?: components["parameters"]["Direction"];
                /** @description The maximum number of items of the page. */
                limit?: components["parameters"]["Limit"];
                /** @description The start of the page, `next_cursor` of the previous page. Without it, the first page. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of pending requests. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FriendRequestList"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    acceptFriendRequest: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The friend request's id, from `GET /friends/requests`. */
                req_id: components["parameters"]["RequestId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Your new friend. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Friend"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WriteRefused"];
            404: components["responses"]["RequestNotFound"];
            409: components["responses"]["NotPending"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    rejectFriendRequest: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The friend request's id, from `GET /friends/requests`. */
                req_id: components["parameters"]["RequestId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WriteRefused"];
            404: components["responses"]["RequestNotFound"];
            409: components["responses"]["NotPending"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listFriends: {
        parameters: {
            query?: {
                /** @description The maximum number of items of the page. */
                limit?: components["parameters"]["Limit"];
                /** @description The start of the page, `next_cursor` of the previous page. Without it, the first page. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of friends. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FriendList"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    removeFriend: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The friend's username as in `GET /friends`, in any case. */
                username: components["parameters"]["FriendUsername"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: components["responses"]["Done"];
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WriteRefused"];
            404: components["responses"]["FriendNotFound"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    listFriendFiles: {
        parameters: {
            query?: {
                /** @description The maximum number of items of the page. */
                limit?: components["parameters"]["Limit"];
                /** @description The start of the page, `next_cursor` of the previous page. Without it, the first page. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /** @description The friend's username as in `GET /friends`, in any case. */
                username: components["parameters"]["FriendUsername"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the friend's files. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileList"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["FriendNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    streamEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `id` of the last event that you received; the stream continues after it. Without it, only new events. */
                "Last-Event-ID"?: components["parameters"]["LastEventId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stream, until one side closes it. */
            200: {
                headers: {
                    "X-Accel-Buffering": components["headers"]["X-Accel-Buffering"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["TooManyStreams"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server works. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    getSyncStatus: {
        parameters: {
            query?: {
                /** @description Also compute `state_digest`. Needs the operator's token. */
                digest?: components["parameters"]["Digest"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The state of synchronization. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SyncStatus"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["DigestRefused"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "X-Content-Type-Options": components["headers"]["X-Content-Type-Options"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["MetricsOff"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["Unavailable"];
        };
    };
}
