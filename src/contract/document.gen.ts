/** Made from openapi.yaml by `npm run contract:code`. Do not edit. */

export const OPENAPI_DOCUMENT: unknown = {
  "openapi": "3.1.0",
  "info": {
    "title": "SyncSphere",
    "version": "0.1.0",
    "summary": "Back up files, share them with friends, and reach them on any server of the sphere.",
    "license": {
      "name": "MIT",
      "identifier": "MIT"
    },
    "description": "SyncSphere stores your files on several servers. You use one *regional* server; every change reaches all others. Each\nserver has the same accounts, files, friends and sessions. A partitioned server keeps working, and catches up after\nthe heal.\n\n## First steps\n\n```sh\nbase=http://127.0.0.1:5001\ncurl $base/register --json '{\"username\":\"dana\",\"email\":\"dana@example.com\",\"password\":\"correct horse battery\"}'\ncurl $base/login -c jar --json '{\"identifier\":\"dana\",\"password\":\"correct horse battery\"}'\ncurl $base/upload -b jar -F folder=/photos -F file=@sunset.jpg\ncurl $base/files -b jar\n```\n\n## Authentication\n\nThere are two ways to authenticate:\n\n- **A session**, for people and browsers. `POST /login` sets the cookie `syncsphere_session` (`HttpOnly`,\n  `SameSite=Lax`, `Path=/`). Over HTTPS it is named `__Host-syncsphere_session` and is also `Secure`.\n- **A token**, for scripts. `POST /tokens` creates one; send it as `Authorization: Bearer <token>`. Scope `read` allows\n  reading, scope `write` everything. A `read` token gets 403 `insufficient-scope` where `write` is needed. Clients\n  that support only passwords send `Basic` with the account's username, and the token as password. The server\n  refuses the account's own password there.\n\nA Bearer token takes precedence over a session; an invalid one is refused even where no login is needed. `Basic`\ncounts only without a live session. Invalid `Basic` credentials and other schemes are ignored, since they may be meant\nfor a proxy. No response of these operations asks for `Basic`.\n\nA request without a valid login gets 401 `unauthenticated` where one is needed. `GET /download/{file_id}` needs no\nlogin for a public file. The operator's token, from the server's configuration, is valid only for `GET /metrics` and\n`GET /sync/status`.\n\nThe server authorizes a request before it reads the body.\n\n## Requests from other sites\n\nA changing request from another site gets 403 `cross-origin`: its `Origin` is not this server's, or it has\n`Sec-Fetch-Site: cross-site`. Requests with a Bearer token are exempt.\n\n## Data\n\nJSON in UTF-8, names in snake_case. Ids are UUIDs (version 7). Times are RFC 3339 in UTC with milliseconds\n(`2026-11-23T10:00:00.000Z`). Sizes are bytes. Unknown properties, fields and query parameters are refused, not\nignored. An operation without a request body refuses one with 415.\n\n## Lists\n\nLists are paginated: `{ \"items\": [...], \"next_cursor\": \"...\" }`. `limit` is the maximum number of items (1–200, default\n50). For the next page send `next_cursor` as `cursor` with the same parameters, until it is `null`. A page can hold\nfewer items than `limit`, even none, while more follow: a search through many files continues with the next request.\nA cursor marks a position, so items added or removed meanwhile cause no gap and no duplicate. Cursors are opaque.\n\n## HEAD\n\nEvery path with `GET` supports `HEAD`, with the same headers and no body.\n\n## Conditional requests\n\nEach response with a single file has an `ETag` of its *metadata*. Send it as `If-Match` with `PATCH\n/files/{file_id}`: 412 `precondition-failed` means that the file has changed since you last read it. A weak form of\nthe tag, made by a compressing proxy, is valid too. `GET /download/{file_id}` has another `ETag`, of the *content*.\n\n## Errors\n\nEvery error is a problem document (RFC 9457, `application/problem+json`):\n\n```json\n{\n  \"type\": \"urn:problem-type:syncsphere:validation-failed\",\n  \"title\": \"The request is not valid\",\n  \"status\": 400,\n  \"detail\": \"body/username must NOT have fewer than 3 characters\",\n  \"request_id\": \"01a207ee-7dc0-70be-9c38-98d190f9ebda\",\n  \"errors\": [{ \"path\": \"body/username\", \"message\": \"must NOT have fewer than 3 characters\" }]\n}\n```\n\nDistinguish problems by `type`, never by `title` or `detail`, whose words may change. Quote `request_id`, also in\n`X-Request-Id`, to the operator: it is in the log. A resource that you may not read is 404, not 403. Each operation\nbelow lists its problems. These are possible for every request:\n\n| last part of `type` | status | reason |\n|---|---|---|\n| `not-found` | 404 | unknown path |\n| `method-not-allowed` | 405 | the path does not support this method; `Allow` lists the methods it supports |\n| `request-header-too-large` | 431 | the request line and headers are too long, or there are too many headers |\n| `request-timeout` | 408 | the headers or the body did not arrive in time |\n| `validation-failed` | 400 | the path or the request itself is malformed |\n\n## Rate limits\n\nResponses have `RateLimit-Policy` (quota and window) and `RateLimit` (requests left, and seconds until the reset). Too\nmany requests get 429 `rate-limited`; `Retry-After` has the seconds to wait. Wrong passwords have their own limit, 429\n`too-many-attempts`. 503 `unavailable` has `Retry-After` too: the server is starting, closing or overloaded, and has\nnot carried out the request.\n\n| limited | maximum | counted by |\n|---|---|---|\n| requests | 6,000 a minute | account; address without a login |\n| logins, successful or not | 120 a minute | address |\n| registrations | 60 a minute | address |\n| wrong passwords | 5, then none for 15 minutes | account and address |\n| wrong passwords for all accounts | 50, then none for 15 minutes | address |\n| open event streams | 1,000; 5,000; 15,000 | account; address; server |\n\n## Limits\n\n| limited | maximum |\n|---|---|\n| storage of an account | 1 GiB by default; see `GET /me` |\n| file size | 10 GiB by default |\n| file name; folder path | 255 bytes; 1,024 bytes, in UTF-8 |\n| JSON body; form field | 64 KiB; 8 KiB |\n| request line and headers | 16 KiB and 200 fields |\n| items of a page | 200 |\n| live tokens of an account | 100 |\n| time for a JSON body | 15 seconds |\n\nUploads and downloads slower than 1 KiB a second, over 30 seconds, are ended.\n\n## The contract itself\n\nThis document is at `/openapi.yaml` and `/openapi.json`. In `/docs` you can try every operation except `GET /events`.\n"
  },
  "servers": [
    {
      "url": "/",
      "description": "The server that serves this document"
    }
  ],
  "tags": [
    {
      "name": "Account",
      "description": "Register, log in and out, see and change your account. An account is valid on every server of the sphere."
    },
    {
      "name": "Sessions and tokens",
      "description": "See where you are logged in, end sessions, and create tokens for scripts."
    },
    {
      "name": "Files",
      "description": "Upload, list, rename, share and delete files. A file's visibility is `private` (only you), `friends` (also your\nfriends) or `public` (anybody who has its id, even without an account). Only the owner can change a file.\n"
    },
    {
      "name": "Friends",
      "description": "Send friend requests, accept or reject them, and list the files that friends share. Friendship is mutual, and either\nside can end it at any time.\n"
    },
    {
      "name": "Events",
      "description": "Receive changes of all servers as they happen."
    },
    {
      "name": "Server",
      "description": "Health, synchronization and metrics of this server."
    }
  ],
  "paths": {
    "/register": {
      "post": {
        "operationId": "registerUser",
        "tags": [
          "Account"
        ],
        "summary": "Create an account",
        "description": "Creates an account with the server's default quota. It does not log you in: continue with `POST /login`.\n\nUsernames are normalized to Unicode NFKC and compared without case: `Dana` and `dana` are the same. Partitioned\nservers can both register a name or an email. Both accounts stay; after the heal the older one holds the name, and\nthe other shows as `name~xxxx` (see `User`).\n",
        "security": [],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/Registration"
              },
              "examples": {
                "registration": {
                  "$ref": "#/components/examples/registration"
                }
              }
            }
          }
        },
        "responses": {
          "201": {
            "description": "The account has been created.",
            "headers": {
              "Location": {
                "description": "The path of your account after login, always `/me`.",
                "required": true,
                "schema": {
                  "type": "string",
                  "examples": [
                    "/me"
                  ]
                }
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/User"
                },
                "examples": {
                  "user": {
                    "$ref": "#/components/examples/user"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidBody"
          },
          "403": {
            "$ref": "#/components/responses/RegistrationRefused"
          },
          "408": {
            "$ref": "#/components/responses/RequestTimeout"
          },
          "409": {
            "$ref": "#/components/responses/NameOrEmailTaken"
          },
          "413": {
            "$ref": "#/components/responses/BodyTooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/login": {
      "post": {
        "operationId": "loginUser",
        "tags": [
          "Account"
        ],
        "summary": "Log in",
        "description": "Opens a session and sets its cookie. Without `remember_me` the browser deletes the cookie when it closes; with it,\nthe cookie is kept for 7 days. The session ends at `expires_at` at the latest.\n\nA wrong password and an unknown account get the same response after the same time. After 5 wrong passwords for one\naccount from one address, that address is refused for that account for 15 minutes. Other addresses can still log\nin. An address that fails on many accounts is refused for all of them.\n\nOnly the correct password reveals that an operator has disabled the account.\n",
        "security": [],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/Login"
              },
              "examples": {
                "by_username": {
                  "summary": "By username, for this browser session",
                  "value": {
                    "identifier": "dana",
                    "password": "correct horse battery"
                  }
                },
                "by_email": {
                  "summary": "By email, remembered for 7 days",
                  "value": {
                    "identifier": "dana@example.com",
                    "password": "correct horse battery",
                    "remember_me": true
                  }
                }
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "Logged in; the cookie is set.",
            "headers": {
              "Set-Cookie": {
                "$ref": "#/components/headers/Set-Cookie"
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/LoginResult"
                },
                "examples": {
                  "login": {
                    "$ref": "#/components/examples/login"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidBody"
          },
          "401": {
            "$ref": "#/components/responses/InvalidCredentials"
          },
          "403": {
            "$ref": "#/components/responses/LoginRefused"
          },
          "408": {
            "$ref": "#/components/responses/RequestTimeout"
          },
          "413": {
            "$ref": "#/components/responses/BodyTooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/TooManyAttempts"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/logout": {
      "post": {
        "operationId": "logoutUser",
        "tags": [
          "Account"
        ],
        "summary": "Log out",
        "description": "Ends this session on every server, on unreachable ones as soon as they are reachable, and removes the cookie. A\nrequest with a token revokes that token.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "responses": {
          "204": {
            "description": "Logged out.",
            "headers": {
              "Set-Cookie": {
                "$ref": "#/components/headers/Set-Cookie"
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/WriteRefused"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/me": {
      "get": {
        "operationId": "getMe",
        "tags": [
          "Account"
        ],
        "summary": "See your account",
        "description": "Your account with its used storage and its quota. `used_storage` is always the sum of the sizes of your files.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          }
        ],
        "responses": {
          "200": {
            "description": "Your account.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/User"
                },
                "examples": {
                  "user": {
                    "$ref": "#/components/examples/user"
                  },
                  "renamed_user": {
                    "$ref": "#/components/examples/renamed_user"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      },
      "patch": {
        "operationId": "updateMe",
        "tags": [
          "Account"
        ],
        "summary": "Change your email or password",
        "description": "Changes the email, the password, or both. Both need the current password. A new password ends all your other\nsessions on every server. Tokens stay valid: revoke them with `DELETE /tokens/{token_id}`.\n\nWrong current passwords count as wrong logins.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/AccountChange"
              },
              "examples": {
                "new_email": {
                  "summary": "Another email",
                  "value": {
                    "email": "dana@mail.example.com",
                    "current_password": "correct horse battery"
                  }
                },
                "new_password": {
                  "summary": "Another password",
                  "value": {
                    "new_password": "paper boat on the river",
                    "current_password": "correct horse battery"
                  }
                }
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "The account after the change.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/User"
                },
                "examples": {
                  "user": {
                    "$ref": "#/components/examples/user"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidBody"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/AccountChangeRefused"
          },
          "408": {
            "$ref": "#/components/responses/RequestTimeout"
          },
          "409": {
            "$ref": "#/components/responses/EmailTaken"
          },
          "413": {
            "$ref": "#/components/responses/BodyTooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/TooManyAttempts"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      },
      "delete": {
        "operationId": "deleteMe",
        "tags": [
          "Account"
        ],
        "summary": "Delete your account",
        "description": "Deletes the account with all its files, requests, friendships, sessions and tokens, on every server, for good.\nThe session must be younger than 10 minutes, so that one left open cannot do this: log in again if it is older. A\ntoken cannot delete an account: it gets 403 `session-required`.\n",
        "security": [
          {
            "session": []
          }
        ],
        "responses": {
          "204": {
            "description": "The account has been deleted.",
            "headers": {
              "Set-Cookie": {
                "$ref": "#/components/headers/Set-Cookie"
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/AccountDeletionRefused"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/sessions": {
      "get": {
        "operationId": "listSessions",
        "tags": [
          "Sessions and tokens"
        ],
        "summary": "List your sessions",
        "description": "Your live sessions on all servers, oldest first. `current` marks the session of the request.",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/Limit"
          },
          {
            "$ref": "#/components/parameters/Cursor"
          }
        ],
        "responses": {
          "200": {
            "description": "A page of sessions.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/SessionList"
                },
                "examples": {
                  "sessions": {
                    "$ref": "#/components/examples/sessions"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/sessions/{session_id}": {
      "delete": {
        "operationId": "revokeSession",
        "tags": [
          "Sessions and tokens"
        ],
        "summary": "End a session",
        "description": "Ends one of your sessions on every server, for example on a lost phone. Ending the current one is the same as\n`POST /logout`.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/SessionId"
          }
        ],
        "responses": {
          "204": {
            "description": "The session has ended. If it was the current one, its cookie is removed.",
            "headers": {
              "Set-Cookie": {
                "$ref": "#/components/headers/Set-Cookie"
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/WriteRefused"
          },
          "404": {
            "$ref": "#/components/responses/SessionNotFound"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/tokens": {
      "get": {
        "operationId": "listTokens",
        "tags": [
          "Sessions and tokens"
        ],
        "summary": "List your tokens",
        "description": "Your live tokens, oldest first, without their secrets.",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/Limit"
          },
          {
            "$ref": "#/components/parameters/Cursor"
          }
        ],
        "responses": {
          "200": {
            "description": "A page of tokens.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/TokenList"
                },
                "examples": {
                  "tokens": {
                    "$ref": "#/components/examples/tokens"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      },
      "post": {
        "operationId": "createToken",
        "tags": [
          "Sessions and tokens"
        ],
        "summary": "Create a token",
        "description": "Creates a token for a script. Only this response has the secret, in `token`; the server stores its hash. Prefer a\nshort lifetime and the scope `read`. An account has at most 100 live tokens.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/NewToken"
              },
              "examples": {
                "read_only": {
                  "summary": "Read-only, without expiry",
                  "value": {
                    "name": "dashboard"
                  }
                },
                "nightly_backup": {
                  "summary": "For uploads, for 90 days",
                  "value": {
                    "name": "nightly backup",
                    "scope": "write",
                    "expires_in_days": 90
                  }
                }
              }
            }
          }
        },
        "responses": {
          "201": {
            "description": "The token has been created. Store the secret.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/CreatedToken"
                },
                "examples": {
                  "created_token": {
                    "$ref": "#/components/examples/created_token"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidBody"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/WriteRefused"
          },
          "408": {
            "$ref": "#/components/responses/RequestTimeout"
          },
          "409": {
            "$ref": "#/components/responses/TooManyTokens"
          },
          "413": {
            "$ref": "#/components/responses/BodyTooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/tokens/{token_id}": {
      "delete": {
        "operationId": "revokeToken",
        "tags": [
          "Sessions and tokens"
        ],
        "summary": "Revoke a token",
        "description": "Ends one of your tokens on every server, on unreachable ones as soon as they are reachable.",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/TokenId"
          }
        ],
        "responses": {
          "204": {
            "$ref": "#/components/responses/Done"
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/WriteRefused"
          },
          "404": {
            "$ref": "#/components/responses/TokenNotFound"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/upload": {
      "post": {
        "operationId": "uploadFile",
        "tags": [
          "Files"
        ],
        "summary": "Upload a file",
        "description": "Stores one file of any type. The form has one part `file`, and optional fields before or after it: `folder`,\n`visibility`, `sha256`.\n\n```sh\ncurl $base/upload -b jar -F folder=/photos -F visibility=friends -F file=@sunset.jpg\n```\n\n- The name is the part's `filename`, in any script, stored exactly as sent. The media type is the part's\n  `Content-Type`.\n- With `sha256`, content with another checksum is refused (400 `checksum-mismatch`).\n- Two files may have the same name in the same folder: each upload creates a new file with its own id.\n- 201 means that the content is durable on this server. With `min_copies` the response waits up to 30 seconds until\n  that many servers store it. 202 means that fewer servers store it so far. The file exists in both cases.\n- An interrupted upload leaves no file and uses no storage.\n- With `Content-Length` and `Expect: 100-continue` (curl sends both for large files) an insufficient quota is\n  reported before you send the content.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/MinCopies"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "multipart/form-data": {
              "schema": {
                "$ref": "#/components/schemas/Upload"
              }
            }
          }
        },
        "responses": {
          "201": {
            "description": "The file has been stored.",
            "headers": {
              "ETag": {
                "$ref": "#/components/headers/ETag"
              },
              "Location": {
                "$ref": "#/components/headers/FileLocation"
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/FileInfo"
                },
                "examples": {
                  "photo": {
                    "$ref": "#/components/examples/photo"
                  }
                }
              }
            }
          },
          "202": {
            "description": "The file is stored on this server, but not yet on `min_copies` servers. Replication continues in the background.\n",
            "headers": {
              "ETag": {
                "$ref": "#/components/headers/ETag"
              },
              "Location": {
                "$ref": "#/components/headers/FileLocation"
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/FileInfo"
                },
                "examples": {
                  "photo_here_only": {
                    "$ref": "#/components/examples/photo_here_only"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidUpload"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/WriteRefused"
          },
          "408": {
            "$ref": "#/components/responses/RequestTimeout"
          },
          "413": {
            "$ref": "#/components/responses/UploadTooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          },
          "507": {
            "$ref": "#/components/responses/NoStorage"
          }
        }
      }
    },
    "/files": {
      "get": {
        "operationId": "listFiles",
        "tags": [
          "Files"
        ],
        "summary": "List your files",
        "description": "Your own files in the order of `sort`, by name by default. A file must match all filters. Files with equal sort values\nare ordered by id. With a filter a page can hold fewer files than `limit` while `next_cursor` is not `null`: only\n`null` ends the list.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/FolderFilter"
          },
          {
            "$ref": "#/components/parameters/Search"
          },
          {
            "$ref": "#/components/parameters/VisibilityFilter"
          },
          {
            "$ref": "#/components/parameters/Sort"
          },
          {
            "$ref": "#/components/parameters/Limit"
          },
          {
            "$ref": "#/components/parameters/Cursor"
          }
        ],
        "responses": {
          "200": {
            "description": "A page of your files.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/FileList"
                },
                "examples": {
                  "files": {
                    "$ref": "#/components/examples/files"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/files/{file_id}": {
      "get": {
        "operationId": "getFile",
        "tags": [
          "Files"
        ],
        "summary": "See a file's metadata",
        "description": "Name, size, visibility, availability and other metadata of a file that you may read: your own, a friend's that is not\nprivate, or a public one.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/FileId"
          },
          {
            "$ref": "#/components/parameters/IfNoneMatch"
          }
        ],
        "responses": {
          "200": {
            "description": "The file's metadata.",
            "headers": {
              "ETag": {
                "$ref": "#/components/headers/ETag"
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/FileInfo"
                },
                "examples": {
                  "photo": {
                    "$ref": "#/components/examples/photo"
                  },
                  "friends_video": {
                    "$ref": "#/components/examples/friends_video"
                  }
                }
              }
            }
          },
          "304": {
            "description": "The metadata still matches `If-None-Match`.",
            "headers": {
              "ETag": {
                "$ref": "#/components/headers/ETag"
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "404": {
            "$ref": "#/components/responses/FileNotFound"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      },
      "patch": {
        "operationId": "updateFile",
        "tags": [
          "Files"
        ],
        "summary": "Rename, move or share a file",
        "description": "Changes the name, the folder, the visibility, or several of them. Only the owner may. With `If-Match` the change\nis made only if the metadata has not changed since you last read it.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/FileId"
          },
          {
            "$ref": "#/components/parameters/IfMatch"
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/FileChange"
              },
              "examples": {
                "rename": {
                  "summary": "Rename",
                  "value": {
                    "name": "שקיעה בתל אביב.jpg"
                  }
                },
                "move_and_share": {
                  "summary": "Move to a folder and share with friends",
                  "value": {
                    "folder": "/photos/2026",
                    "visibility": "friends"
                  }
                }
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "The file after the change.",
            "headers": {
              "ETag": {
                "$ref": "#/components/headers/ETag"
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/FileInfo"
                },
                "examples": {
                  "photo": {
                    "$ref": "#/components/examples/photo"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidBody"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/FileChangeRefused"
          },
          "404": {
            "$ref": "#/components/responses/FileNotFound"
          },
          "408": {
            "$ref": "#/components/responses/RequestTimeout"
          },
          "412": {
            "$ref": "#/components/responses/PreconditionFailed"
          },
          "413": {
            "$ref": "#/components/responses/BodyTooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      },
      "delete": {
        "operationId": "deleteFile",
        "tags": [
          "Files"
        ],
        "summary": "Delete a file",
        "description": "Deletes the file on every server, for good. This frees its storage at once. Only the owner may.",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/FileId"
          }
        ],
        "responses": {
          "204": {
            "$ref": "#/components/responses/Done"
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/FileChangeRefused"
          },
          "404": {
            "$ref": "#/components/responses/FileNotFound"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/download/{file_id}": {
      "get": {
        "operationId": "downloadFile",
        "tags": [
          "Files"
        ],
        "summary": "Download a file",
        "description": "The content of a file that you may read, byte for byte as uploaded. Public files need no login. An expired session\ncookie counts as no login here; an invalid token is refused.\n\n- `Range` requests a part, to resume a download: `curl -C - -O`. A request for several ranges that are not adjacent\n  gets the whole file.\n- `ETag` identifies the content: renaming does not change it, and it is equal on all servers. Send it as\n  `If-None-Match` to skip content that you have, or as `If-Range` to resume only the same content.\n- `Repr-Digest` is the sha256 of the whole file.\n- Content that is still arriving at this server is relayed as it arrives. If no connected server has it, the\n  response is 503 `content-pending`.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          },
          {}
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/FileId"
          },
          {
            "$ref": "#/components/parameters/Range"
          },
          {
            "$ref": "#/components/parameters/IfMatch"
          },
          {
            "$ref": "#/components/parameters/IfNoneMatch"
          },
          {
            "$ref": "#/components/parameters/IfModifiedSince"
          },
          {
            "$ref": "#/components/parameters/IfUnmodifiedSince"
          },
          {
            "$ref": "#/components/parameters/IfRange"
          }
        ],
        "responses": {
          "200": {
            "$ref": "#/components/responses/FileBytes"
          },
          "206": {
            "$ref": "#/components/responses/FileRange"
          },
          "304": {
            "$ref": "#/components/responses/BytesNotModified"
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "404": {
            "$ref": "#/components/responses/FileNotFound"
          },
          "412": {
            "$ref": "#/components/responses/PreconditionFailed"
          },
          "416": {
            "$ref": "#/components/responses/RangeNotSatisfiable"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/ContentUnavailable"
          }
        }
      },
      "head": {
        "operationId": "downloadFileHead",
        "tags": [
          "Files"
        ],
        "summary": "Headers of a download",
        "description": "The status and headers of `GET /download/{file_id}`: size, type, checksum and `ETag`. A problem has only its\nstatus, because a response to HEAD has no body. `Range` is ignored (RFC 9110, section 14.2).\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          },
          {}
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/FileId"
          },
          {
            "$ref": "#/components/parameters/IfMatch"
          },
          {
            "$ref": "#/components/parameters/IfNoneMatch"
          },
          {
            "$ref": "#/components/parameters/IfModifiedSince"
          },
          {
            "$ref": "#/components/parameters/IfUnmodifiedSince"
          }
        ],
        "responses": {
          "200": {
            "$ref": "#/components/responses/FileBytes"
          },
          "304": {
            "$ref": "#/components/responses/BytesNotModified"
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "404": {
            "$ref": "#/components/responses/FileNotFound"
          },
          "412": {
            "$ref": "#/components/responses/PreconditionFailed"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/ContentUnavailable"
          }
        }
      }
    },
    "/friends/request": {
      "post": {
        "operationId": "requestFriend",
        "tags": [
          "Friends"
        ],
        "summary": "Send a friend request",
        "description": "Sends a friend request. If that user has already sent you one, this accepts it: the response is 200 with `status`\n`accepted`, and you are friends.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/NewFriendRequest"
              },
              "examples": {
                "ask": {
                  "summary": "To noam",
                  "value": {
                    "username": "noam"
                  }
                }
              }
            }
          }
        },
        "responses": {
          "200": {
            "description": "The other user's request has been accepted; you are friends now.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/FriendRequest"
                },
                "examples": {
                  "accepted_request": {
                    "$ref": "#/components/examples/accepted_request"
                  }
                }
              }
            }
          },
          "201": {
            "description": "The request has been sent.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/FriendRequest"
                },
                "examples": {
                  "friend_request": {
                    "$ref": "#/components/examples/friend_request"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidBody"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/WriteRefused"
          },
          "404": {
            "$ref": "#/components/responses/UserNotFound"
          },
          "408": {
            "$ref": "#/components/responses/RequestTimeout"
          },
          "409": {
            "$ref": "#/components/responses/FriendRequestConflict"
          },
          "413": {
            "$ref": "#/components/responses/BodyTooLarge"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/friends/request/{req_id}": {
      "delete": {
        "operationId": "cancelFriendRequest",
        "tags": [
          "Friends"
        ],
        "summary": "Cancel a friend request",
        "description": "Cancels a pending request that you sent.",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/RequestId"
          }
        ],
        "responses": {
          "204": {
            "$ref": "#/components/responses/Done"
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/WriteRefused"
          },
          "404": {
            "$ref": "#/components/responses/RequestNotFound"
          },
          "409": {
            "$ref": "#/components/responses/NotPending"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/friends/requests": {
      "get": {
        "operationId": "listFriendRequests",
        "tags": [
          "Friends"
        ],
        "summary": "List friend requests",
        "description": "The pending requests, sent to you (`to` is you) or by you (`from` is you), oldest first.",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/Direction"
          },
          {
            "$ref": "#/components/parameters/Limit"
          },
          {
            "$ref": "#/components/parameters/Cursor"
          }
        ],
        "responses": {
          "200": {
            "description": "A page of pending requests.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/FriendRequestList"
                },
                "examples": {
                  "friend_requests": {
                    "$ref": "#/components/examples/friend_requests"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/friends/accept/{req_id}": {
      "post": {
        "operationId": "acceptFriendRequest",
        "tags": [
          "Friends"
        ],
        "summary": "Accept a friend request",
        "description": "Makes you friends: each can now read the files that the other shares with friends. Only the recipient can accept.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/RequestId"
          }
        ],
        "responses": {
          "200": {
            "description": "Your new friend.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Friend"
                },
                "examples": {
                  "friend": {
                    "$ref": "#/components/examples/friend"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/WriteRefused"
          },
          "404": {
            "$ref": "#/components/responses/RequestNotFound"
          },
          "409": {
            "$ref": "#/components/responses/NotPending"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/friends/reject/{req_id}": {
      "post": {
        "operationId": "rejectFriendRequest",
        "tags": [
          "Friends"
        ],
        "summary": "Reject a friend request",
        "description": "Rejects a request. Only the recipient can reject it. The sender can send another.",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/RequestId"
          }
        ],
        "responses": {
          "204": {
            "$ref": "#/components/responses/Done"
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/WriteRefused"
          },
          "404": {
            "$ref": "#/components/responses/RequestNotFound"
          },
          "409": {
            "$ref": "#/components/responses/NotPending"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/friends": {
      "get": {
        "operationId": "listFriends",
        "tags": [
          "Friends"
        ],
        "summary": "List your friends",
        "description": "Your friends, and when each friendship began, in the order of their ids.",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/Limit"
          },
          {
            "$ref": "#/components/parameters/Cursor"
          }
        ],
        "responses": {
          "200": {
            "description": "A page of friends.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/FriendList"
                },
                "examples": {
                  "friends": {
                    "$ref": "#/components/examples/friends"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/friends/{username}": {
      "delete": {
        "operationId": "removeFriend",
        "tags": [
          "Friends"
        ],
        "summary": "End a friendship",
        "description": "Neither can then read the files that the other shares with friends. No file is deleted.",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "write"
            ]
          },
          {
            "token": [
              "write"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/FriendUsername"
          }
        ],
        "responses": {
          "204": {
            "$ref": "#/components/responses/Done"
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/WriteRefused"
          },
          "404": {
            "$ref": "#/components/responses/FriendNotFound"
          },
          "415": {
            "$ref": "#/components/responses/UnsupportedMediaType"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/friends/{username}/files": {
      "get": {
        "operationId": "listFriendFiles",
        "tags": [
          "Friends"
        ],
        "summary": "List a friend's shared files",
        "description": "A friend's files with the visibility `friends` or `public`, newest first. Download them by their ids.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/FriendUsername"
          },
          {
            "$ref": "#/components/parameters/Limit"
          },
          {
            "$ref": "#/components/parameters/Cursor"
          }
        ],
        "responses": {
          "200": {
            "description": "A page of the friend's files.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/FileList"
                },
                "examples": {
                  "friends_files": {
                    "$ref": "#/components/examples/friends_files"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "404": {
            "$ref": "#/components/responses/FriendNotFound"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/events": {
      "get": {
        "operationId": "streamEvents",
        "tags": [
          "Events"
        ],
        "summary": "Receive changes as they happen",
        "description": "A stream of server-sent events that concern you, from all servers:\n\n| event | when | data |\n|---|---|---|\n| `file.created` | you uploaded a file, or a friend shared one | `FileInfo` |\n| `file.updated` | one of these was renamed, moved, or its visibility changed | `FileInfo` |\n| `file.deleted` | one of these was deleted, or you may no longer read it | `{ \"id\" }` |\n| `friend.requested` | somebody sent you a request, or you sent one | `FriendRequest` |\n| `friend.accepted` | a request was accepted, or a friend's account was enabled again | `Friend`: the other user |\n| `friend.rejected` | a request was rejected or cancelled | `FriendRequest` |\n| `friend.removed` | a friendship ended, or a friend's account was deleted or disabled | `PublicUser`: the other user |\n| `storage.changed` | your used storage or your quota changed | `{ \"used_storage\", \"storage_quota\" }` |\n| `stream.reset` | this server does not know the `Last-Event-ID` | `{}` |\n\n`data` is one line of JSON, the resource as the API shows it to you. Each event has an `id`. A client that\nreconnects with its last id as `Last-Event-ID`, as browsers do, gets every event since then, once. Ids are valid on\none server. After `stream.reset` fetch your lists again and continue from there. A comment every 15 seconds keeps\nthe connection alive. The stream ends with the session or token.\n\n`/docs` cannot show a response that does not end. Try it with:\n\n```sh\ncurl -N $base/events -b jar\n```\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/LastEventId"
          }
        ],
        "responses": {
          "200": {
            "description": "The stream, until one side closes it.",
            "headers": {
              "X-Accel-Buffering": {
                "$ref": "#/components/headers/X-Accel-Buffering"
              },
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "text/event-stream": {
                "schema": {
                  "type": "string",
                  "description": "Server-sent events; `contentSchema` describes one of them.",
                  "contentMediaType": "text/event-stream",
                  "contentSchema": {
                    "$ref": "#/components/schemas/StreamEvent"
                  }
                },
                "examples": {
                  "stream": {
                    "$ref": "#/components/examples/stream"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "429": {
            "$ref": "#/components/responses/TooManyStreams"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/health": {
      "get": {
        "operationId": "getHealth",
        "tags": [
          "Server"
        ],
        "summary": "Health of the server",
        "description": "200 while the server works, 503 while it starts, closes or cannot store anything; `detail` has the reason. The\ncheck writes to the disk. The link to the other servers does not count, because this one works without it; see\n`GET /sync/status`.\n",
        "security": [],
        "responses": {
          "200": {
            "description": "The server works.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Health"
                },
                "examples": {
                  "health": {
                    "$ref": "#/components/examples/health"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/sync/status": {
      "get": {
        "operationId": "getSyncStatus",
        "tags": [
          "Server"
        ],
        "summary": "Synchronization with the other servers",
        "description": "The state of the link to the grand server, the changes to send, and the position in the change log.\n`state_digest` needs `digest=true` and the operator's token. It is equal on servers that have applied the same\nchanges.\n",
        "security": [
          {
            "session": []
          },
          {
            "basic": [
              "read"
            ]
          },
          {
            "token": [
              "read"
            ]
          },
          {
            "operator": []
          }
        ],
        "parameters": [
          {
            "$ref": "#/components/parameters/Digest"
          }
        ],
        "responses": {
          "200": {
            "description": "The state of synchronization.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/SyncStatus"
                },
                "examples": {
                  "in_step": {
                    "$ref": "#/components/examples/in_step"
                  },
                  "alone": {
                    "$ref": "#/components/examples/alone"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "403": {
            "$ref": "#/components/responses/DigestRefused"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    },
    "/metrics": {
      "get": {
        "operationId": "getMetrics",
        "tags": [
          "Server"
        ],
        "summary": "Metrics for Prometheus",
        "description": "Counters and gauges of this server in the text format of Prometheus. Needs the operator's token; without one in\nthe configuration the response is 404.\n",
        "security": [
          {
            "operator": []
          }
        ],
        "responses": {
          "200": {
            "description": "The metrics.",
            "headers": {
              "X-Request-Id": {
                "$ref": "#/components/headers/X-Request-Id"
              },
              "X-Content-Type-Options": {
                "$ref": "#/components/headers/X-Content-Type-Options"
              },
              "Cache-Control": {
                "$ref": "#/components/headers/Cache-Control"
              },
              "RateLimit": {
                "$ref": "#/components/headers/RateLimit"
              },
              "RateLimit-Policy": {
                "$ref": "#/components/headers/RateLimit-Policy"
              }
            },
            "content": {
              "text/plain": {
                "schema": {
                  "type": "string"
                },
                "examples": {
                  "metrics": {
                    "$ref": "#/components/examples/metrics"
                  }
                }
              }
            }
          },
          "400": {
            "$ref": "#/components/responses/InvalidRequest"
          },
          "401": {
            "$ref": "#/components/responses/Unauthenticated"
          },
          "404": {
            "$ref": "#/components/responses/MetricsOff"
          },
          "429": {
            "$ref": "#/components/responses/RateLimited"
          },
          "500": {
            "$ref": "#/components/responses/InternalError"
          },
          "503": {
            "$ref": "#/components/responses/Unavailable"
          }
        }
      }
    }
  },
  "components": {
    "securitySchemes": {
      "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "syncsphere_session",
        "description": "The cookie that `POST /login` sets, which browsers then send automatically. Over HTTPS it is named\n`__Host-syncsphere_session`.\n"
      },
      "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `POST /tokens`. Scope `write` includes `read`."
      },
      "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The account's username, and as password a token of `POST /tokens`. It has the token's permissions."
      },
      "operator": {
        "type": "http",
        "scheme": "bearer",
        "description": "The operator's token, from the server's configuration (`SYNCSPHERE_OPERATOR_TOKEN`)."
      }
    },
    "parameters": {
      "Limit": {
        "name": "limit",
        "in": "query",
        "description": "The maximum number of items of the page.",
        "schema": {
          "type": "integer",
          "minimum": 1,
          "maximum": 200,
          "default": 50
        }
      },
      "Cursor": {
        "name": "cursor",
        "in": "query",
        "description": "The start of the page, `next_cursor` of the previous page. Without it, the first page.",
        "schema": {
          "type": "string",
          "minLength": 1,
          "maxLength": 512
        }
      },
      "Direction": {
        "name": "direction",
        "in": "query",
        "description": "Only requests sent to you (`incoming`), or only those sent by you (`outgoing`).",
        "schema": {
          "type": "string",
          "enum": [
            "incoming",
            "outgoing"
          ]
        }
      },
      "SessionId": {
        "name": "session_id",
        "in": "path",
        "required": true,
        "description": "The session's id, from `GET /sessions`.",
        "schema": {
          "$ref": "#/components/schemas/Id"
        }
      },
      "TokenId": {
        "name": "token_id",
        "in": "path",
        "required": true,
        "description": "The token's id, from `GET /tokens`.",
        "schema": {
          "$ref": "#/components/schemas/Id"
        }
      },
      "FileId": {
        "name": "file_id",
        "in": "path",
        "required": true,
        "description": "The file's id.",
        "schema": {
          "$ref": "#/components/schemas/Id"
        }
      },
      "RequestId": {
        "name": "req_id",
        "in": "path",
        "required": true,
        "description": "The friend request's id, from `GET /friends/requests`.",
        "schema": {
          "$ref": "#/components/schemas/Id"
        }
      },
      "FriendUsername": {
        "name": "username",
        "in": "path",
        "required": true,
        "description": "The friend's username as in `GET /friends`, in any case.",
        "schema": {
          "$ref": "#/components/schemas/ShownUsername"
        }
      },
      "FolderFilter": {
        "name": "folder",
        "in": "query",
        "description": "Only files in exactly this folder, not those in folders below it.",
        "schema": {
          "$ref": "#/components/schemas/Folder"
        }
      },
      "Search": {
        "name": "q",
        "in": "query",
        "description": "Only files whose name contains this text, in any case.",
        "schema": {
          "type": "string",
          "minLength": 1,
          "maxLength": 255
        }
      },
      "VisibilityFilter": {
        "name": "visibility",
        "in": "query",
        "description": "Only files with this visibility.",
        "schema": {
          "$ref": "#/components/schemas/Visibility"
        }
      },
      "Sort": {
        "name": "sort",
        "in": "query",
        "description": "The order; `-` reverses it, so `-created_at` is newest first. Names are compared without case.",
        "schema": {
          "type": "string",
          "enum": [
            "name",
            "-name",
            "created_at",
            "-created_at",
            "size",
            "-size"
          ],
          "default": "name"
        }
      },
      "MinCopies": {
        "name": "min_copies",
        "in": "query",
        "description": "The number of servers, including this one, that should store the content before the response, which waits up to 30\nseconds.\n",
        "schema": {
          "type": "integer",
          "minimum": 1,
          "maximum": 64
        }
      },
      "Digest": {
        "name": "digest",
        "in": "query",
        "description": "Also compute `state_digest`. Needs the operator's token.",
        "schema": {
          "type": "boolean",
          "default": false
        }
      },
      "LastEventId": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The `id` of the last event that you received; the stream continues after it. Without it, only new events.",
        "schema": {
          "type": "string",
          "maxLength": 256
        }
      },
      "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Proceed only if the `ETag` is one of these, or `*`; otherwise respond with 412.",
        "schema": {
          "type": "string",
          "maxLength": 4096
        }
      },
      "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Respond with 304, without a body, if the `ETag` is one of these, or `*`.",
        "schema": {
          "type": "string",
          "maxLength": 4096
        }
      },
      "IfModifiedSince": {
        "name": "If-Modified-Since",
        "in": "header",
        "description": "Respond with 304 if the content has not changed since this HTTP date. Ignored beside `If-None-Match`.",
        "schema": {
          "type": "string",
          "maxLength": 128
        }
      },
      "IfUnmodifiedSince": {
        "name": "If-Unmodified-Since",
        "in": "header",
        "description": "Respond with 412 if the content has changed since this HTTP date. Ignored beside `If-Match`.",
        "schema": {
          "type": "string",
          "maxLength": 128
        }
      },
      "IfRange": {
        "name": "If-Range",
        "in": "header",
        "description": "Apply `Range` only if the `ETag`, or the date in `Last-Modified`, is this; otherwise send the whole file.",
        "schema": {
          "type": "string",
          "maxLength": 256
        }
      },
      "Range": {
        "name": "Range",
        "in": "header",
        "description": "The requested part, for example `bytes=1048576-`. An unknown unit or syntax is ignored.",
        "schema": {
          "type": "string",
          "maxLength": 4096
        }
      }
    },
    "headers": {
      "X-Request-Id": {
        "description": "The request's id, also in the server's log.",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "01a207ee-7dc0-70be-9c38-98d190f9ebda"
          ]
        }
      },
      "X-Content-Type-Options": {
        "description": "Always `nosniff`, so that browsers do not guess another type.",
        "required": true,
        "schema": {
          "type": "string",
          "const": "nosniff"
        }
      },
      "Cache-Control": {
        "description": "Usually `no-store`. Responses are not for shared caches.",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "no-store"
          ]
        }
      },
      "RateLimit": {
        "description": "The requests left (`r`), and the seconds until the reset (`t`).",
        "schema": {
          "type": "string",
          "examples": [
            "\"requests\";r=5998;t=42"
          ]
        }
      },
      "RateLimit-Policy": {
        "description": "The quota of requests (`q`) in a window of seconds (`w`).",
        "schema": {
          "type": "string",
          "examples": [
            "\"requests\";q=6000;w=60"
          ]
        }
      },
      "X-Accel-Buffering": {
        "description": "Always `no`, so that proxies such as nginx do not buffer the stream.",
        "schema": {
          "type": "string",
          "const": "no"
        }
      },
      "Retry-After": {
        "description": "The seconds to wait before a retry.",
        "required": true,
        "schema": {
          "type": "integer",
          "minimum": 0,
          "examples": [
            30
          ]
        }
      },
      "Accept": {
        "description": "The media types that the operation accepts, if it has a body (RFC 9110, section 15.5.16).",
        "schema": {
          "type": "string",
          "examples": [
            "application/json"
          ]
        }
      },
      "Accept-Encoding": {
        "description": "Present if the body had a `Content-Encoding`; always `identity` (RFC 9110, section 15.5.16).",
        "schema": {
          "type": "string",
          "const": "identity"
        }
      },
      "WWW-Authenticate": {
        "description": "How to authenticate.",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "Bearer"
          ]
        }
      },
      "Set-Cookie": {
        "description": "Sets the session cookie, or removes it (`Max-Age=0`).",
        "schema": {
          "type": "string",
          "examples": [
            "syncsphere_session=GnZ0607njffhrEOak8P6jjyUV4TU3sn9jjARc4svHWI; Path=/; HttpOnly; SameSite=Lax"
          ]
        }
      },
      "ETag": {
        "description": "The version of the file's metadata, for `If-Match` and `If-None-Match`.",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "\"m-1f0c6b2e9a\""
          ]
        }
      },
      "FileLocation": {
        "description": "The path of the file's metadata.",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "/files/01a207e2-48c0-7173-b83d-9c172411e20b"
          ]
        }
      },
      "ContentETag": {
        "description": "A strong validator of the content.",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "\"55c64d0fcd6f9d5f7c828093857e3fdfda68478bb4e9bd24d481ef391c7804e8\""
          ]
        }
      },
      "Accept-Ranges": {
        "description": "Always `bytes`; `Range` can request parts.",
        "required": true,
        "schema": {
          "type": "string",
          "const": "bytes"
        }
      },
      "Last-Modified": {
        "description": "The time of the upload. Renaming does not change it.",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "Mon, 23 Nov 2026 10:10:00 GMT"
          ]
        }
      },
      "Content-Disposition": {
        "description": "Always `attachment`, with the file's name (RFC 6266).",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "attachment; filename=\"????? ????.jpg\"; filename*=UTF-8''%D7%A9%D7%A7%D7%99%D7%A2%D7%94%20%D7%91%D7%97%D7%95%D7%A3.jpg"
          ]
        }
      },
      "Content-Length": {
        "description": "The number of bytes of this response.",
        "required": true,
        "schema": {
          "type": "integer",
          "minimum": 0,
          "examples": [
            3481220
          ]
        }
      },
      "Content-Range": {
        "description": "The position of this part, and the size of the file.",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "bytes 1048576-3481219/3481220"
          ]
        }
      },
      "UnsatisfiedRange": {
        "description": "The size of the file.",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "bytes */3481220"
          ]
        }
      },
      "Repr-Digest": {
        "description": "The sha256 of the whole file, in base64 between colons (RFC 9530).",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "sha-256=:VcZND81vnV98goCThX4/39poR4u06b0k1IHvORx4BOg=:"
          ]
        }
      },
      "Content-Security-Policy": {
        "description": "Always with `sandbox`, so that a file that a browser renders nevertheless can run nothing.",
        "required": true,
        "schema": {
          "type": "string",
          "examples": [
            "sandbox"
          ]
        }
      }
    },
    "schemas": {
      "Id": {
        "type": "string",
        "format": "uuid",
        "description": "A UUID of version 7.",
        "examples": [
          "01a207e2-48c0-7173-b83d-9c172411e20b"
        ]
      },
      "Time": {
        "type": "string",
        "format": "date-time",
        "description": "RFC 3339, UTC, with milliseconds.",
        "examples": [
          "2026-11-23T10:00:00.000Z"
        ]
      },
      "Bytes": {
        "type": "integer",
        "format": "int64",
        "minimum": 0,
        "description": "A number of bytes."
      },
      "Sha256": {
        "type": "string",
        "pattern": "^[0-9a-f]{64}$",
        "description": "A sha256 checksum in lower-case hexadecimal.",
        "examples": [
          "55c64d0fcd6f9d5f7c828093857e3fdfda68478bb4e9bd24d481ef391c7804e8"
        ]
      },
      "NextCursor": {
        "type": [
          "string",
          "null"
        ],
        "description": "The `cursor` of the next page, or null when this is the last."
      },
      "Email": {
        "type": "string",
        "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f@]+@[^\\x00-\\x1f\\x7f-\\x9f@]+$",
        "maxLength": 254,
        "description": "An email address, including one in a local network (`dana@nas`) or with letters of any script. Compared without\ncase; surrounding spaces are removed.\n",
        "examples": [
          "dana@example.com"
        ]
      },
      "ChosenUsername": {
        "type": "string",
        "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f/:@~]+$",
        "minLength": 3,
        "maxLength": 32,
        "description": "3 to 32 letters, marks and digits of any script, `.`, `_` and `-`, not beginning with a mark. Surrounding spaces are\nremoved, and the result is normalized to Unicode NFKC and must still match these rules. Invisible characters are not\nallowed. Cyrillic, Greek, Armenian, Cherokee and Coptic letters must not be mixed with those of other scripts,\nbecause they look alike. Compared without case.\n",
        "examples": [
          "dana",
          "נועם",
          "kim_42"
        ]
      },
      "ShownUsername": {
        "type": "string",
        "minLength": 1,
        "maxLength": 64,
        "description": "A username as the API shows it, possibly with a suffix such as `~1a2b`.",
        "examples": [
          "noam"
        ]
      },
      "ChosenPassword": {
        "type": "string",
        "format": "password",
        "minLength": 8,
        "maxLength": 256,
        "description": "8 to 256 characters of any kind. A few unrelated words make a good password.",
        "examples": [
          "correct horse battery"
        ]
      },
      "GivenPassword": {
        "type": "string",
        "format": "password",
        "minLength": 1,
        "maxLength": 256,
        "description": "The account's password.",
        "examples": [
          "correct horse battery"
        ]
      },
      "FileName": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[^/\\x00-\\x1f\\x7f-\\x9f]+$",
        "description": "Any Unicode text of at most 255 bytes in UTF-8, without `/` and control characters, and not `.` or `..`. Stored\nexactly as sent.\n",
        "examples": [
          "שקיעה בחוף.jpg"
        ]
      },
      "Folder": {
        "type": "string",
        "minLength": 1,
        "maxLength": 1024,
        "pattern": "^/$|^(/[^/\\x00-\\x1f\\x7f-\\x9f]+)+$",
        "description": "An absolute path of names separated by `/`, without a trailing `/`, of at most 1024 bytes in UTF-8; `/` is the root.\nEach name follows the rules of file names. The path is normalized to Unicode NFC. Folders need not be created: a\nfolder exists while a file is in it.\n",
        "examples": [
          "/photos/2026"
        ]
      },
      "Visibility": {
        "type": "string",
        "enum": [
          "private",
          "friends",
          "public"
        ],
        "description": "The readers of the file besides its owner: `private` none, `friends` the owner's friends, `public` anybody who has\nits id.\n"
      },
      "TokenScope": {
        "type": "string",
        "enum": [
          "read",
          "write"
        ],
        "description": "The permission of the token - `read` to list and download, `write` for everything."
      },
      "Registration": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "username",
          "email",
          "password"
        ],
        "properties": {
          "username": {
            "$ref": "#/components/schemas/ChosenUsername"
          },
          "email": {
            "$ref": "#/components/schemas/Email"
          },
          "password": {
            "$ref": "#/components/schemas/ChosenPassword"
          }
        }
      },
      "Login": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "identifier",
          "password"
        ],
        "properties": {
          "identifier": {
            "type": "string",
            "minLength": 1,
            "maxLength": 254,
            "description": "The username or the email. Surrounding spaces are removed."
          },
          "password": {
            "$ref": "#/components/schemas/GivenPassword"
          },
          "remember_me": {
            "type": "boolean",
            "description": "Keep the cookie for 7 days, even after the browser closes. False by default."
          }
        }
      },
      "AccountChange": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "current_password"
        ],
        "minProperties": 2,
        "properties": {
          "email": {
            "$ref": "#/components/schemas/Email"
          },
          "new_password": {
            "$ref": "#/components/schemas/ChosenPassword"
          },
          "current_password": {
            "$ref": "#/components/schemas/GivenPassword"
          }
        }
      },
      "User": {
        "type": "object",
        "description": "Your own account, with its private properties.",
        "additionalProperties": false,
        "required": [
          "id",
          "username",
          "email",
          "created_at",
          "used_storage",
          "storage_quota"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/Id"
          },
          "username": {
            "type": "string",
            "description": "The name that the account holds. In a name conflict it is the requested name with `~` and the last four\ncharacters of the id. You can log in with it.\n"
          },
          "email": {
            "type": "string",
            "description": "The email that the account holds; in a conflict with the same suffix."
          },
          "created_at": {
            "$ref": "#/components/schemas/Time"
          },
          "used_storage": {
            "type": "integer",
            "format": "int64",
            "minimum": 0,
            "description": "The sum of the sizes of your files, in bytes."
          },
          "storage_quota": {
            "type": "integer",
            "format": "int64",
            "minimum": 0,
            "description": "The maximum sum of the sizes of your files, in bytes."
          },
          "requested_username": {
            "type": "string",
            "description": "The username that you registered, present only if an older account holds it. Two accounts can claim one name if\nthey register on partitioned servers.\n"
          },
          "requested_email": {
            "type": "string",
            "description": "The email that you requested, present only if another account holds it."
          }
        }
      },
      "PublicUser": {
        "type": "object",
        "description": "The public properties of an account.",
        "additionalProperties": false,
        "required": [
          "id",
          "username"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/Id"
          },
          "username": {
            "type": "string",
            "description": "The name that the account holds."
          }
        }
      },
      "LoginResult": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "user",
          "expires_at"
        ],
        "properties": {
          "user": {
            "$ref": "#/components/schemas/User"
          },
          "expires_at": {
            "$ref": "#/components/schemas/Time"
          }
        }
      },
      "Session": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "created_at",
          "expires_at",
          "last_used_at",
          "user_agent",
          "current"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/Id"
          },
          "created_at": {
            "$ref": "#/components/schemas/Time"
          },
          "expires_at": {
            "$ref": "#/components/schemas/Time"
          },
          "last_used_at": {
            "$ref": "#/components/schemas/LastUsed"
          },
          "user_agent": {
            "type": [
              "string",
              "null"
            ],
            "description": "The `User-Agent` of the login."
          },
          "current": {
            "type": "boolean",
            "description": "True for the session of this request."
          }
        }
      },
      "SessionList": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "items",
          "next_cursor"
        ],
        "properties": {
          "items": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/Session"
            }
          },
          "next_cursor": {
            "$ref": "#/components/schemas/NextCursor"
          }
        }
      },
      "LastUsed": {
        "type": [
          "string",
          "null"
        ],
        "format": "date-time",
        "description": "The last use on this server, to within some minutes; null if never used."
      },
      "TokenExpiry": {
        "type": [
          "string",
          "null"
        ],
        "format": "date-time",
        "description": "When the token expires; null if never."
      },
      "NewToken": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "name"
        ],
        "properties": {
          "name": {
            "type": "string",
            "minLength": 1,
            "maxLength": 100,
            "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]+$",
            "description": "The purpose of the token, in your words."
          },
          "scope": {
            "$ref": "#/components/schemas/TokenScope",
            "description": "The permission of the token; `read` by default."
          },
          "expires_in_days": {
            "type": "integer",
            "minimum": 1,
            "maximum": 3650,
            "description": "The days until the token expires. Without it the token does not expire."
          }
        }
      },
      "Token": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "name",
          "scope",
          "created_at",
          "expires_at",
          "last_used_at"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/Id"
          },
          "name": {
            "type": "string",
            "description": "The purpose of the token."
          },
          "scope": {
            "$ref": "#/components/schemas/TokenScope"
          },
          "created_at": {
            "$ref": "#/components/schemas/Time"
          },
          "expires_at": {
            "$ref": "#/components/schemas/TokenExpiry"
          },
          "last_used_at": {
            "$ref": "#/components/schemas/LastUsed"
          }
        }
      },
      "CreatedToken": {
        "type": "object",
        "description": "A token with its secret.",
        "additionalProperties": false,
        "required": [
          "id",
          "name",
          "scope",
          "created_at",
          "expires_at",
          "last_used_at",
          "token"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/Id"
          },
          "name": {
            "type": "string",
            "description": "The purpose of the token."
          },
          "scope": {
            "$ref": "#/components/schemas/TokenScope"
          },
          "created_at": {
            "$ref": "#/components/schemas/Time"
          },
          "expires_at": {
            "$ref": "#/components/schemas/TokenExpiry"
          },
          "last_used_at": {
            "$ref": "#/components/schemas/LastUsed"
          },
          "token": {
            "type": "string",
            "description": "The secret, for `Authorization` `Bearer`, or the password of `Basic`. Shown only once."
          }
        }
      },
      "TokenList": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "items",
          "next_cursor"
        ],
        "properties": {
          "items": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/Token"
            }
          },
          "next_cursor": {
            "$ref": "#/components/schemas/NextCursor"
          }
        }
      },
      "Upload": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "file"
        ],
        "properties": {
          "folder": {
            "$ref": "#/components/schemas/Folder",
            "description": "The file's folder; `/` by default.",
            "examples": [
              "/"
            ]
          },
          "visibility": {
            "$ref": "#/components/schemas/Visibility",
            "description": "The readers of the file; `private` by default."
          },
          "sha256": {
            "type": "string",
            "pattern": "^([0-9a-f]{64})?$",
            "description": "The expected sha256 checksum, in lower-case hexadecimal. An empty value is ignored.",
            "examples": [
              ""
            ]
          },
          "file": {
            "type": "string",
            "format": "binary",
            "contentMediaType": "application/octet-stream",
            "description": "The content. This part has a `filename`."
          }
        }
      },
      "FileInfo": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "owner",
          "name",
          "folder",
          "size",
          "media_type",
          "sha256",
          "visibility",
          "created_at",
          "modified_at",
          "available",
          "stored_on"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/Id"
          },
          "owner": {
            "$ref": "#/components/schemas/PublicUser"
          },
          "name": {
            "$ref": "#/components/schemas/FileName"
          },
          "folder": {
            "$ref": "#/components/schemas/Folder"
          },
          "size": {
            "$ref": "#/components/schemas/Bytes"
          },
          "media_type": {
            "type": "string",
            "description": "The media type from the upload."
          },
          "sha256": {
            "$ref": "#/components/schemas/Sha256"
          },
          "visibility": {
            "$ref": "#/components/schemas/Visibility"
          },
          "created_at": {
            "$ref": "#/components/schemas/Time"
          },
          "modified_at": {
            "$ref": "#/components/schemas/Time"
          },
          "available": {
            "type": "boolean",
            "description": "True if the content can be downloaded now, from this server's disk or through a connected server.\n"
          },
          "stored_on": {
            "type": "array",
            "description": "The servers that store the content, as far as this one knows.",
            "items": {
              "type": "string"
            }
          }
        }
      },
      "FileList": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "items",
          "next_cursor"
        ],
        "properties": {
          "items": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/FileInfo"
            }
          },
          "next_cursor": {
            "$ref": "#/components/schemas/NextCursor"
          }
        }
      },
      "FileChange": {
        "type": "object",
        "additionalProperties": false,
        "minProperties": 1,
        "properties": {
          "name": {
            "$ref": "#/components/schemas/FileName"
          },
          "folder": {
            "$ref": "#/components/schemas/Folder"
          },
          "visibility": {
            "$ref": "#/components/schemas/Visibility"
          }
        }
      },
      "NewFriendRequest": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "username"
        ],
        "properties": {
          "username": {
            "$ref": "#/components/schemas/ShownUsername"
          }
        }
      },
      "FriendRequest": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "from",
          "to",
          "status",
          "created_at"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/Id"
          },
          "from": {
            "$ref": "#/components/schemas/PublicUser"
          },
          "to": {
            "$ref": "#/components/schemas/PublicUser"
          },
          "status": {
            "type": "string",
            "enum": [
              "pending",
              "accepted",
              "rejected",
              "cancelled"
            ]
          },
          "created_at": {
            "$ref": "#/components/schemas/Time"
          }
        }
      },
      "FriendRequestList": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "items",
          "next_cursor"
        ],
        "properties": {
          "items": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/FriendRequest"
            }
          },
          "next_cursor": {
            "$ref": "#/components/schemas/NextCursor"
          }
        }
      },
      "Friend": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "username",
          "since"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/Id"
          },
          "username": {
            "type": "string",
            "description": "The name that the account holds."
          },
          "since": {
            "$ref": "#/components/schemas/Time"
          }
        }
      },
      "FriendList": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "items",
          "next_cursor"
        ],
        "properties": {
          "items": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/Friend"
            }
          },
          "next_cursor": {
            "$ref": "#/components/schemas/NextCursor"
          }
        }
      },
      "StreamEvent": {
        "description": "One event of `GET /events`. In the stream `id`, `event` and `data` are its fields, `data` as JSON.",
        "oneOf": [
          {
            "$ref": "#/components/schemas/FileEvent"
          },
          {
            "$ref": "#/components/schemas/FileDeletedEvent"
          },
          {
            "$ref": "#/components/schemas/FriendRequestEvent"
          },
          {
            "$ref": "#/components/schemas/FriendAcceptedEvent"
          },
          {
            "$ref": "#/components/schemas/FriendRemovedEvent"
          },
          {
            "$ref": "#/components/schemas/StorageChangedEvent"
          },
          {
            "$ref": "#/components/schemas/StreamResetEvent"
          }
        ]
      },
      "FileEvent": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "event",
          "data"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/EventId"
          },
          "event": {
            "type": "string",
            "enum": [
              "file.created",
              "file.updated"
            ]
          },
          "data": {
            "$ref": "#/components/schemas/FileInfo"
          }
        }
      },
      "FileDeletedEvent": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "event",
          "data"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/EventId"
          },
          "event": {
            "type": "string",
            "const": "file.deleted"
          },
          "data": {
            "$ref": "#/components/schemas/DeletedFile"
          }
        }
      },
      "FriendRequestEvent": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "event",
          "data"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/EventId"
          },
          "event": {
            "type": "string",
            "enum": [
              "friend.requested",
              "friend.rejected"
            ]
          },
          "data": {
            "$ref": "#/components/schemas/FriendRequest"
          }
        }
      },
      "FriendAcceptedEvent": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "event",
          "data"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/EventId"
          },
          "event": {
            "type": "string",
            "const": "friend.accepted"
          },
          "data": {
            "$ref": "#/components/schemas/Friend"
          }
        }
      },
      "FriendRemovedEvent": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "event",
          "data"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/EventId"
          },
          "event": {
            "type": "string",
            "const": "friend.removed"
          },
          "data": {
            "$ref": "#/components/schemas/PublicUser"
          }
        }
      },
      "StorageChangedEvent": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "event",
          "data"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/EventId"
          },
          "event": {
            "type": "string",
            "const": "storage.changed"
          },
          "data": {
            "$ref": "#/components/schemas/StorageUse"
          }
        }
      },
      "StreamResetEvent": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id",
          "event",
          "data"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/EventId"
          },
          "event": {
            "type": "string",
            "const": "stream.reset"
          },
          "data": {
            "type": "object",
            "additionalProperties": false
          }
        }
      },
      "EventId": {
        "type": "string",
        "description": "The event's position in this server's event log, for `Last-Event-ID`."
      },
      "DeletedFile": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "id"
        ],
        "properties": {
          "id": {
            "$ref": "#/components/schemas/Id"
          }
        }
      },
      "StorageUse": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "used_storage",
          "storage_quota"
        ],
        "properties": {
          "used_storage": {
            "$ref": "#/components/schemas/Bytes"
          },
          "storage_quota": {
            "$ref": "#/components/schemas/Bytes"
          }
        }
      },
      "Health": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "status",
          "server",
          "version"
        ],
        "properties": {
          "status": {
            "type": "string",
            "const": "ok"
          },
          "server": {
            "type": "string",
            "description": "The server's name."
          },
          "version": {
            "type": "string",
            "description": "The version of the software."
          }
        }
      },
      "SyncStatus": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "server",
          "connected",
          "queue_length",
          "unacknowledged",
          "applied_position",
          "log_head",
          "lag_seconds",
          "dead_letters"
        ],
        "properties": {
          "server": {
            "type": "string",
            "description": "The server's name."
          },
          "connected": {
            "type": "boolean",
            "description": "True while the link to the grand server is up."
          },
          "detail": {
            "type": "string",
            "description": "The reason while the link is down."
          },
          "queue_length": {
            "type": "integer",
            "minimum": 0,
            "description": "Changes in the send queue."
          },
          "unacknowledged": {
            "type": "integer",
            "minimum": 0,
            "description": "Changes made on this server that the grand server has not acknowledged, including the queue. They survive a crash.\n"
          },
          "applied_position": {
            "type": "integer",
            "minimum": 0,
            "description": "The position in the change log up to which this server has applied all entries."
          },
          "log_head": {
            "type": [
              "integer",
              "null"
            ],
            "minimum": 0,
            "description": "The head of the change log, as last received; null if never."
          },
          "lag_seconds": {
            "type": [
              "number",
              "null"
            ],
            "minimum": 0,
            "description": "Seconds since this server was last up to date; null if it never was."
          },
          "dead_letters": {
            "type": "integer",
            "minimum": 0,
            "description": "Changes that could not be applied. More than 0 needs the operator's attention."
          },
          "state_digest": {
            "$ref": "#/components/schemas/Sha256",
            "description": "A hash of the replicated state, equal on servers that have applied the same changes."
          }
        }
      },
      "Problem": {
        "type": "object",
        "description": "An error (RFC 9457).",
        "additionalProperties": false,
        "required": [
          "type",
          "title",
          "status",
          "detail",
          "request_id"
        ],
        "properties": {
          "type": {
            "$ref": "#/components/schemas/ProblemType"
          },
          "title": {
            "type": "string",
            "description": "The kind of problem, the same for every problem of this type."
          },
          "status": {
            "type": "integer",
            "minimum": 400,
            "maximum": 599,
            "description": "The HTTP status."
          },
          "detail": {
            "type": "string",
            "description": "The fault of this request."
          },
          "request_id": {
            "type": "string",
            "description": "The request's id, as in `X-Request-Id`."
          },
          "errors": {
            "type": "array",
            "description": "The invalid parts, for `validation-failed`.",
            "items": {
              "$ref": "#/components/schemas/InvalidPart"
            }
          },
          "quota": {
            "type": "integer",
            "format": "int64",
            "description": "The storage quota in bytes, for `quota-exceeded`."
          },
          "used": {
            "type": "integer",
            "format": "int64",
            "description": "The bytes of all files of the account, for `quota-exceeded`."
          },
          "reserved": {
            "type": "integer",
            "format": "int64",
            "description": "The bytes reserved for uploads in flight, for `quota-exceeded`."
          },
          "required": {
            "type": "integer",
            "format": "int64",
            "description": "The bytes that this upload needs, for `quota-exceeded`."
          }
        }
      },
      "InvalidPart": {
        "type": "object",
        "additionalProperties": false,
        "required": [
          "path",
          "message"
        ],
        "properties": {
          "path": {
            "type": "string",
            "description": "The path of the part in the request: `body/email`, `query/cursor`, `path/file_id`."
          },
          "message": {
            "type": "string",
            "description": "The fault of this part."
          }
        }
      },
      "ProblemType": {
        "type": "string",
        "description": "The kind of problem. The list is closed.",
        "enum": [
          "urn:problem-type:syncsphere:validation-failed",
          "urn:problem-type:syncsphere:malformed-json",
          "urn:problem-type:syncsphere:unauthenticated",
          "urn:problem-type:syncsphere:insufficient-scope",
          "urn:problem-type:syncsphere:session-required",
          "urn:problem-type:syncsphere:cross-origin",
          "urn:problem-type:syncsphere:https-required",
          "urn:problem-type:syncsphere:registration-closed",
          "urn:problem-type:syncsphere:username-taken",
          "urn:problem-type:syncsphere:email-taken",
          "urn:problem-type:syncsphere:invalid-credentials",
          "urn:problem-type:syncsphere:account-disabled",
          "urn:problem-type:syncsphere:too-many-attempts",
          "urn:problem-type:syncsphere:wrong-password",
          "urn:problem-type:syncsphere:reauthentication-required",
          "urn:problem-type:syncsphere:session-not-found",
          "urn:problem-type:syncsphere:token-not-found",
          "urn:problem-type:syncsphere:too-many-tokens",
          "urn:problem-type:syncsphere:checksum-mismatch",
          "urn:problem-type:syncsphere:file-too-large",
          "urn:problem-type:syncsphere:body-too-large",
          "urn:problem-type:syncsphere:quota-exceeded",
          "urn:problem-type:syncsphere:disk-full",
          "urn:problem-type:syncsphere:file-not-found",
          "urn:problem-type:syncsphere:not-owner",
          "urn:problem-type:syncsphere:precondition-failed",
          "urn:problem-type:syncsphere:range-not-satisfiable",
          "urn:problem-type:syncsphere:content-pending",
          "urn:problem-type:syncsphere:user-not-found",
          "urn:problem-type:syncsphere:already-friends",
          "urn:problem-type:syncsphere:request-pending",
          "urn:problem-type:syncsphere:self-request",
          "urn:problem-type:syncsphere:request-not-found",
          "urn:problem-type:syncsphere:not-pending",
          "urn:problem-type:syncsphere:friend-not-found",
          "urn:problem-type:syncsphere:not-found",
          "urn:problem-type:syncsphere:method-not-allowed",
          "urn:problem-type:syncsphere:unsupported-media-type",
          "urn:problem-type:syncsphere:request-timeout",
          "urn:problem-type:syncsphere:request-header-too-large",
          "urn:problem-type:syncsphere:rate-limited",
          "urn:problem-type:syncsphere:too-many-streams",
          "urn:problem-type:syncsphere:unavailable",
          "urn:problem-type:syncsphere:internal-error"
        ]
      }
    },
    "responses": {
      "Done": {
        "description": "Done; the response has no body.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        }
      },
      "FileBytes": {
        "description": "The whole file. `Content-Type` is the file's media type.",
        "headers": {
          "ETag": {
            "$ref": "#/components/headers/ContentETag"
          },
          "Accept-Ranges": {
            "$ref": "#/components/headers/Accept-Ranges"
          },
          "Last-Modified": {
            "$ref": "#/components/headers/Last-Modified"
          },
          "Content-Disposition": {
            "$ref": "#/components/headers/Content-Disposition"
          },
          "Content-Length": {
            "$ref": "#/components/headers/Content-Length"
          },
          "Repr-Digest": {
            "$ref": "#/components/headers/Repr-Digest"
          },
          "Content-Security-Policy": {
            "$ref": "#/components/headers/Content-Security-Policy"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "*/*": {
            "schema": {
              "type": "string",
              "format": "binary"
            }
          }
        }
      },
      "FileRange": {
        "description": "The part that `Range` requests.",
        "headers": {
          "ETag": {
            "$ref": "#/components/headers/ContentETag"
          },
          "Accept-Ranges": {
            "$ref": "#/components/headers/Accept-Ranges"
          },
          "Last-Modified": {
            "$ref": "#/components/headers/Last-Modified"
          },
          "Content-Disposition": {
            "$ref": "#/components/headers/Content-Disposition"
          },
          "Content-Length": {
            "$ref": "#/components/headers/Content-Length"
          },
          "Content-Range": {
            "$ref": "#/components/headers/Content-Range"
          },
          "Repr-Digest": {
            "$ref": "#/components/headers/Repr-Digest"
          },
          "Content-Security-Policy": {
            "$ref": "#/components/headers/Content-Security-Policy"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "*/*": {
            "schema": {
              "type": "string",
              "format": "binary"
            }
          }
        }
      },
      "BytesNotModified": {
        "description": "Your copy is current.",
        "headers": {
          "ETag": {
            "$ref": "#/components/headers/ContentETag"
          },
          "Last-Modified": {
            "$ref": "#/components/headers/Last-Modified"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        }
      },
      "InvalidRequest": {
        "description": "A parameter is not valid.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "validation-failed": {
                "$ref": "#/components/examples/validation-failed"
              }
            }
          }
        }
      },
      "InvalidBody": {
        "description": "The body or a parameter is not valid.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "validation-failed": {
                "$ref": "#/components/examples/validation-failed"
              },
              "malformed-json": {
                "$ref": "#/components/examples/malformed-json"
              }
            }
          }
        }
      },
      "InvalidUpload": {
        "description": "The form is not valid, or the content does not match `sha256`.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "validation-failed": {
                "$ref": "#/components/examples/validation-failed"
              },
              "checksum-mismatch": {
                "$ref": "#/components/examples/checksum-mismatch"
              }
            }
          }
        }
      },
      "Unauthenticated": {
        "description": "The login is missing or has ended.",
        "headers": {
          "WWW-Authenticate": {
            "$ref": "#/components/headers/WWW-Authenticate"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "unauthenticated": {
                "$ref": "#/components/examples/unauthenticated"
              }
            }
          }
        }
      },
      "InvalidCredentials": {
        "description": "The account is unknown or the password wrong.",
        "headers": {
          "WWW-Authenticate": {
            "$ref": "#/components/headers/WWW-Authenticate"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "invalid-credentials": {
                "$ref": "#/components/examples/invalid-credentials"
              }
            }
          }
        }
      },
      "WriteRefused": {
        "description": "The token may only read, or the request comes from another site.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "insufficient-scope": {
                "$ref": "#/components/examples/insufficient-scope"
              },
              "cross-origin": {
                "$ref": "#/components/examples/cross-origin"
              }
            }
          }
        }
      },
      "RegistrationRefused": {
        "description": "Registration is closed on this server, or the request comes from another site.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "registration-closed": {
                "$ref": "#/components/examples/registration-closed"
              },
              "cross-origin": {
                "$ref": "#/components/examples/cross-origin"
              }
            }
          }
        }
      },
      "AccountChangeRefused": {
        "description": "The current password is wrong, the token may only read, or the request comes from another site.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "wrong-password": {
                "$ref": "#/components/examples/wrong-password"
              },
              "insufficient-scope": {
                "$ref": "#/components/examples/insufficient-scope"
              },
              "cross-origin": {
                "$ref": "#/components/examples/cross-origin"
              }
            }
          }
        }
      },
      "LoginRefused": {
        "description": "The operator has disabled the account, the request comes from another site, or it came over plain HTTP although the\nserver's public origin is HTTPS.\n",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "account-disabled": {
                "$ref": "#/components/examples/account-disabled"
              },
              "cross-origin": {
                "$ref": "#/components/examples/cross-origin"
              },
              "https-required": {
                "$ref": "#/components/examples/https-required"
              }
            }
          }
        }
      },
      "AccountDeletionRefused": {
        "description": "The session is too old, the request has a token, or it comes from another site.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "reauthentication-required": {
                "$ref": "#/components/examples/reauthentication-required"
              },
              "session-required": {
                "$ref": "#/components/examples/session-required"
              },
              "cross-origin": {
                "$ref": "#/components/examples/cross-origin"
              }
            }
          }
        }
      },
      "FileChangeRefused": {
        "description": "The file is not yours, the token may only read, or the request comes from another site.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "not-owner": {
                "$ref": "#/components/examples/not-owner"
              },
              "insufficient-scope": {
                "$ref": "#/components/examples/insufficient-scope"
              },
              "cross-origin": {
                "$ref": "#/components/examples/cross-origin"
              }
            }
          }
        }
      },
      "DigestRefused": {
        "description": "The digest needs the operator's token.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "insufficient-scope": {
                "value": {
                  "type": "urn:problem-type:syncsphere:insufficient-scope",
                  "title": "The token does not allow this",
                  "status": 403,
                  "detail": "The digest needs the operator's token.",
                  "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
                }
              }
            }
          }
        }
      },
      "SessionNotFound": {
        "description": "You have no such session.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "session-not-found": {
                "$ref": "#/components/examples/session-not-found"
              }
            }
          }
        }
      },
      "TokenNotFound": {
        "description": "You have no such token.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "token-not-found": {
                "$ref": "#/components/examples/token-not-found"
              }
            }
          }
        }
      },
      "FileNotFound": {
        "description": "There is no such file, or you may not read it.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "file-not-found": {
                "$ref": "#/components/examples/file-not-found"
              }
            }
          }
        }
      },
      "UserNotFound": {
        "description": "There is no such user.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "user-not-found": {
                "$ref": "#/components/examples/user-not-found"
              }
            }
          }
        }
      },
      "RequestNotFound": {
        "description": "There is no such friend request, or you may not decide it.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "request-not-found": {
                "$ref": "#/components/examples/request-not-found"
              }
            }
          }
        }
      },
      "FriendNotFound": {
        "description": "You have no friend with this username.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "friend-not-found": {
                "$ref": "#/components/examples/friend-not-found"
              }
            }
          }
        }
      },
      "MetricsOff": {
        "description": "This server has no operator's token configured.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "not-found": {
                "$ref": "#/components/examples/not-found"
              }
            }
          }
        }
      },
      "RequestTimeout": {
        "description": "The body did not arrive in time.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "request-timeout": {
                "$ref": "#/components/examples/request-timeout"
              }
            }
          }
        }
      },
      "NameOrEmailTaken": {
        "description": "Another account holds this username or email.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "username-taken": {
                "$ref": "#/components/examples/username-taken"
              },
              "email-taken": {
                "$ref": "#/components/examples/email-taken"
              }
            }
          }
        }
      },
      "EmailTaken": {
        "description": "Another account holds this email.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "email-taken": {
                "$ref": "#/components/examples/email-taken"
              }
            }
          }
        }
      },
      "TooManyTokens": {
        "description": "The account has the maximum number of tokens.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "too-many-tokens": {
                "$ref": "#/components/examples/too-many-tokens"
              }
            }
          }
        }
      },
      "FriendRequestConflict": {
        "description": "You are friends already, a request is pending, or the user is you.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "already-friends": {
                "$ref": "#/components/examples/already-friends"
              },
              "request-pending": {
                "$ref": "#/components/examples/request-pending"
              },
              "self-request": {
                "$ref": "#/components/examples/self-request"
              }
            }
          }
        }
      },
      "NotPending": {
        "description": "The request is not pending any more.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "not-pending": {
                "$ref": "#/components/examples/not-pending"
              }
            }
          }
        }
      },
      "PreconditionFailed": {
        "description": "The file does not match `If-Match` or `If-Unmodified-Since`.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "precondition-failed": {
                "$ref": "#/components/examples/precondition-failed"
              }
            }
          }
        }
      },
      "BodyTooLarge": {
        "description": "The body is larger than the limit.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "body-too-large": {
                "$ref": "#/components/examples/body-too-large"
              }
            }
          }
        }
      },
      "UploadTooLarge": {
        "description": "The file, or a field of the form, is larger than the limit.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "file-too-large": {
                "$ref": "#/components/examples/file-too-large"
              },
              "body-too-large": {
                "$ref": "#/components/examples/body-too-large"
              }
            }
          }
        }
      },
      "UnsupportedMediaType": {
        "description": "The operation does not accept this media type, a `Content-Encoding`, or any body.",
        "headers": {
          "Accept": {
            "$ref": "#/components/headers/Accept"
          },
          "Accept-Encoding": {
            "$ref": "#/components/headers/Accept-Encoding"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "unsupported-media-type": {
                "$ref": "#/components/examples/unsupported-media-type"
              }
            }
          }
        }
      },
      "RangeNotSatisfiable": {
        "description": "The range lies outside the file.",
        "headers": {
          "Content-Range": {
            "$ref": "#/components/headers/UnsatisfiedRange"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "range-not-satisfiable": {
                "$ref": "#/components/examples/range-not-satisfiable"
              }
            }
          }
        }
      },
      "RateLimited": {
        "description": "Too many requests.",
        "headers": {
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "rate-limited": {
                "$ref": "#/components/examples/rate-limited"
              }
            }
          }
        }
      },
      "TooManyAttempts": {
        "description": "Too many requests, or too many wrong passwords.",
        "headers": {
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "rate-limited": {
                "$ref": "#/components/examples/rate-limited"
              },
              "too-many-attempts": {
                "$ref": "#/components/examples/too-many-attempts"
              }
            }
          }
        }
      },
      "TooManyStreams": {
        "description": "Too many requests, or too many open streams.",
        "headers": {
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "rate-limited": {
                "$ref": "#/components/examples/rate-limited"
              },
              "too-many-streams": {
                "$ref": "#/components/examples/too-many-streams"
              }
            }
          }
        }
      },
      "InternalError": {
        "description": "The server failed. Its log has the cause under `request_id`.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "internal-error": {
                "$ref": "#/components/examples/internal-error"
              }
            }
          }
        }
      },
      "Unavailable": {
        "description": "The server is starting, closing or overloaded, or cannot store anything: its disk is full or read-only, or another\nprocess has locked its database. The request has not been carried out.\n",
        "headers": {
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "unavailable": {
                "$ref": "#/components/examples/unavailable"
              }
            }
          }
        }
      },
      "ContentUnavailable": {
        "description": "No connected server stores the content yet, or this one is starting, closing or overloaded.",
        "headers": {
          "Retry-After": {
            "$ref": "#/components/headers/Retry-After"
          },
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "content-pending": {
                "$ref": "#/components/examples/content-pending"
              },
              "unavailable": {
                "$ref": "#/components/examples/unavailable"
              }
            }
          }
        }
      },
      "NoStorage": {
        "description": "The file does not fit into your quota, or the server's disk is full.",
        "headers": {
          "X-Request-Id": {
            "$ref": "#/components/headers/X-Request-Id"
          },
          "X-Content-Type-Options": {
            "$ref": "#/components/headers/X-Content-Type-Options"
          },
          "Cache-Control": {
            "$ref": "#/components/headers/Cache-Control"
          },
          "RateLimit": {
            "$ref": "#/components/headers/RateLimit"
          },
          "RateLimit-Policy": {
            "$ref": "#/components/headers/RateLimit-Policy"
          }
        },
        "content": {
          "application/problem+json": {
            "schema": {
              "$ref": "#/components/schemas/Problem"
            },
            "examples": {
              "quota-exceeded": {
                "$ref": "#/components/examples/quota-exceeded"
              },
              "disk-full": {
                "$ref": "#/components/examples/disk-full"
              }
            }
          }
        }
      }
    },
    "examples": {
      "registration": {
        "summary": "A new account",
        "value": {
          "username": "dana",
          "email": "dana@example.com",
          "password": "correct horse battery"
        }
      },
      "user": {
        "summary": "An account",
        "value": {
          "id": "01a207d9-2100-7269-bef2-a74de452e6b4",
          "username": "dana",
          "email": "dana@example.com",
          "created_at": "2026-11-23T10:00:00.000Z",
          "used_storage": 3481220,
          "storage_quota": 1073741824
        }
      },
      "renamed_user": {
        "summary": "An account whose name another one holds",
        "value": {
          "id": "01a207f0-0460-724e-8d6b-4cb2424a23d5",
          "username": "dana~23d5",
          "email": "other.dana@example.com",
          "created_at": "2026-11-23T10:25:00.000Z",
          "used_storage": 0,
          "storage_quota": 1073741824,
          "requested_username": "dana"
        }
      },
      "login": {
        "summary": "A login",
        "value": {
          "user": {
            "id": "01a207d9-2100-7269-bef2-a74de452e6b4",
            "username": "dana",
            "email": "dana@example.com",
            "created_at": "2026-11-23T10:00:00.000Z",
            "used_storage": 3481220,
            "storage_quota": 1073741824
          },
          "expires_at": "2026-11-30T10:02:00.000Z"
        }
      },
      "sessions": {
        "summary": "Two sessions",
        "value": {
          "items": [
            {
              "id": "01a207da-f5c0-70ed-9995-31985d5d9dc9",
              "created_at": "2026-11-23T10:02:00.000Z",
              "expires_at": "2026-11-30T10:02:00.000Z",
              "last_used_at": "2026-11-23T10:20:00.000Z",
              "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
              "current": true
            },
            {
              "id": "01a207d9-9630-7b1c-a4f0-5d2e8c91b37a",
              "created_at": "2026-11-23T10:00:30.000Z",
              "expires_at": "2026-11-24T10:00:30.000Z",
              "last_used_at": null,
              "user_agent": "curl/8.14.1",
              "current": false
            }
          ],
          "next_cursor": null
        }
      },
      "tokens": {
        "summary": "One token",
        "value": {
          "items": [
            {
              "id": "01a207dd-b4e0-76f0-b316-00a35a099950",
              "name": "nightly backup",
              "scope": "write",
              "created_at": "2026-11-23T10:05:00.000Z",
              "expires_at": "2027-02-21T10:05:00.000Z",
              "last_used_at": null
            }
          ],
          "next_cursor": null
        }
      },
      "created_token": {
        "summary": "A token with its secret",
        "value": {
          "id": "01a207dd-b4e0-76f0-b316-00a35a099950",
          "name": "nightly backup",
          "scope": "write",
          "created_at": "2026-11-23T10:05:00.000Z",
          "expires_at": "2027-02-21T10:05:00.000Z",
          "last_used_at": null,
          "token": "GnZ0607njffhrEOak8P6jjyUV4TU3sn9jjARc4svHWI"
        }
      },
      "photo": {
        "summary": "A photo that three servers store",
        "value": {
          "id": "01a207e2-48c0-7173-b83d-9c172411e20b",
          "owner": {
            "id": "01a207d9-2100-7269-bef2-a74de452e6b4",
            "username": "dana"
          },
          "name": "שקיעה בחוף.jpg",
          "folder": "/photos/2026",
          "size": 3481220,
          "media_type": "image/jpeg",
          "sha256": "55c64d0fcd6f9d5f7c828093857e3fdfda68478bb4e9bd24d481ef391c7804e8",
          "visibility": "friends",
          "created_at": "2026-11-23T10:10:00.000Z",
          "modified_at": "2026-11-23T10:10:00.000Z",
          "available": true,
          "stored_on": [
            "eu",
            "us",
            "ap"
          ]
        }
      },
      "photo_here_only": {
        "summary": "A photo that only this server stores so far",
        "value": {
          "id": "01a207e2-48c0-7173-b83d-9c172411e20b",
          "owner": {
            "id": "01a207d9-2100-7269-bef2-a74de452e6b4",
            "username": "dana"
          },
          "name": "שקיעה בחוף.jpg",
          "folder": "/photos/2026",
          "size": 3481220,
          "media_type": "image/jpeg",
          "sha256": "55c64d0fcd6f9d5f7c828093857e3fdfda68478bb4e9bd24d481ef391c7804e8",
          "visibility": "friends",
          "created_at": "2026-11-23T10:10:00.000Z",
          "modified_at": "2026-11-23T10:10:00.000Z",
          "available": true,
          "stored_on": [
            "eu"
          ]
        }
      },
      "friends_video": {
        "summary": "A friend's video whose content is not available yet",
        "value": {
          "id": "01a207e6-dca0-790c-81d3-ac94af0f21dd",
          "owner": {
            "id": "01a207da-1718-7128-8b0c-5c7fd0a6a3a4",
            "username": "noam"
          },
          "name": "wedding.mp4",
          "folder": "/",
          "size": 314572800,
          "media_type": "video/mp4",
          "sha256": "0cab1c9617404faf2b24e221e189ca5945813e14d3f766345b09ca13bbe28ffc",
          "visibility": "friends",
          "created_at": "2026-11-23T10:15:00.000Z",
          "modified_at": "2026-11-23T10:15:00.000Z",
          "available": false,
          "stored_on": [
            "us"
          ]
        }
      },
      "files": {
        "summary": "A page with one file, and more to follow",
        "value": {
          "items": [
            {
              "id": "01a207e2-48c0-7173-b83d-9c172411e20b",
              "owner": {
                "id": "01a207d9-2100-7269-bef2-a74de452e6b4",
                "username": "dana"
              },
              "name": "שקיעה בחוף.jpg",
              "folder": "/photos/2026",
              "size": 3481220,
              "media_type": "image/jpeg",
              "sha256": "55c64d0fcd6f9d5f7c828093857e3fdfda68478bb4e9bd24d481ef391c7804e8",
              "visibility": "friends",
              "created_at": "2026-11-23T10:10:00.000Z",
              "modified_at": "2026-11-23T10:10:00.000Z",
              "available": true,
              "stored_on": [
                "eu",
                "us",
                "ap"
              ]
            }
          ],
          "next_cursor": "WyLXqten15nXoteUIiwiMDFhMjA3ZTIiXQ"
        }
      },
      "friends_files": {
        "summary": "The one file that noam shares",
        "value": {
          "items": [
            {
              "id": "01a207e6-dca0-790c-81d3-ac94af0f21dd",
              "owner": {
                "id": "01a207da-1718-7128-8b0c-5c7fd0a6a3a4",
                "username": "noam"
              },
              "name": "wedding.mp4",
              "folder": "/",
              "size": 314572800,
              "media_type": "video/mp4",
              "sha256": "0cab1c9617404faf2b24e221e189ca5945813e14d3f766345b09ca13bbe28ffc",
              "visibility": "friends",
              "created_at": "2026-11-23T10:15:00.000Z",
              "modified_at": "2026-11-23T10:15:00.000Z",
              "available": true,
              "stored_on": [
                "eu",
                "us"
              ]
            }
          ],
          "next_cursor": null
        }
      },
      "friend_request": {
        "summary": "A pending request",
        "value": {
          "id": "01a207eb-7080-7a17-8039-263059f28c10",
          "from": {
            "id": "01a207d9-2100-7269-bef2-a74de452e6b4",
            "username": "dana"
          },
          "to": {
            "id": "01a207da-1718-7128-8b0c-5c7fd0a6a3a4",
            "username": "noam"
          },
          "status": "pending",
          "created_at": "2026-11-23T10:20:00.000Z"
        }
      },
      "accepted_request": {
        "summary": "A request that the other user had sent, now accepted",
        "value": {
          "id": "01a207ec-f720-7658-8c95-e60af593bd04",
          "from": {
            "id": "01a207da-1718-7128-8b0c-5c7fd0a6a3a4",
            "username": "noam"
          },
          "to": {
            "id": "01a207d9-2100-7269-bef2-a74de452e6b4",
            "username": "dana"
          },
          "status": "accepted",
          "created_at": "2026-11-23T10:21:40.000Z"
        }
      },
      "friend_requests": {
        "summary": "One request sent, none received",
        "value": {
          "items": [
            {
              "id": "01a207eb-7080-7a17-8039-263059f28c10",
              "from": {
                "id": "01a207d9-2100-7269-bef2-a74de452e6b4",
                "username": "dana"
              },
              "to": {
                "id": "01a207da-1718-7128-8b0c-5c7fd0a6a3a4",
                "username": "noam"
              },
              "status": "pending",
              "created_at": "2026-11-23T10:20:00.000Z"
            }
          ],
          "next_cursor": null
        }
      },
      "friend": {
        "summary": "A friend",
        "value": {
          "id": "01a207d9-2100-7269-bef2-a74de452e6b4",
          "username": "dana",
          "since": "2026-11-23T10:22:00.000Z"
        }
      },
      "friends": {
        "summary": "One friend",
        "value": {
          "items": [
            {
              "id": "01a207da-1718-7128-8b0c-5c7fd0a6a3a4",
              "username": "noam",
              "since": "2026-11-23T10:22:00.000Z"
            }
          ],
          "next_cursor": null
        }
      },
      "stream": {
        "summary": "Used storage changed, and a friendship began",
        "value": "id: 7\nevent: storage.changed\ndata: {\"used_storage\":3481220,\"storage_quota\":1073741824}\n\nid: 8\nevent: friend.accepted\ndata: {\"id\":\"01a207da-1718-7128-8b0c-5c7fd0a6a3a4\",\"username\":\"noam\",\"since\":\"2026-11-23T10:22:00.000Z\"}\n\n: heartbeat\n"
      },
      "health": {
        "summary": "A working server",
        "value": {
          "status": "ok",
          "server": "eu",
          "version": "0.1.0"
        }
      },
      "in_step": {
        "summary": "Connected and up to date",
        "value": {
          "server": "eu",
          "connected": true,
          "queue_length": 0,
          "unacknowledged": 0,
          "applied_position": 4711,
          "log_head": 4711,
          "lag_seconds": 0,
          "dead_letters": 0
        }
      },
      "alone": {
        "summary": "A server without a grand server",
        "value": {
          "server": "eu",
          "connected": false,
          "detail": "works alone: no SYNCSPHERE_GRAND_URL is configured",
          "queue_length": 12,
          "unacknowledged": 12,
          "applied_position": 0,
          "log_head": null,
          "lag_seconds": null,
          "dead_letters": 0
        }
      },
      "metrics": {
        "summary": "Two metrics",
        "value": "# HELP syncsphere_queue_length Changes in the send queue.\n# TYPE syncsphere_queue_length gauge\nsyncsphere_queue_length 0\n# HELP syncsphere_sync_dead_letters Changes that could not be applied.\n# TYPE syncsphere_sync_dead_letters gauge\nsyncsphere_sync_dead_letters 0\n"
      },
      "validation-failed": {
        "value": {
          "type": "urn:problem-type:syncsphere:validation-failed",
          "title": "The request is not valid",
          "status": 400,
          "detail": "query/color is unknown here",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda",
          "errors": [
            {
              "path": "query/color",
              "message": "is unknown here"
            }
          ]
        }
      },
      "malformed-json": {
        "value": {
          "type": "urn:problem-type:syncsphere:malformed-json",
          "title": "The body is not valid JSON",
          "status": 400,
          "detail": "The body is not valid JSON.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "checksum-mismatch": {
        "value": {
          "type": "urn:problem-type:syncsphere:checksum-mismatch",
          "title": "The content does not match the checksum",
          "status": 400,
          "detail": "The content's sha256 differs from the field sha256.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "unauthenticated": {
        "value": {
          "type": "urn:problem-type:syncsphere:unauthenticated",
          "title": "Login is required",
          "status": 401,
          "detail": "This operation needs a login.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "invalid-credentials": {
        "value": {
          "type": "urn:problem-type:syncsphere:invalid-credentials",
          "title": "Wrong name or password",
          "status": 401,
          "detail": "The name or the password is wrong.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "https-required": {
        "value": {
          "type": "urn:problem-type:syncsphere:https-required",
          "title": "Log in over HTTPS",
          "status": 403,
          "detail": "Browsers do not keep the session cookie over plain HTTP. Log in at https://files.example.org (SYNCSPHERE_PUBLIC_ORIGIN).",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "account-disabled": {
        "value": {
          "type": "urn:problem-type:syncsphere:account-disabled",
          "title": "The account is disabled",
          "status": 403,
          "detail": "The operator of this server has disabled the account.",
          "request_id": "01a207ee-7dc0-7c37-9a4e-3b1c8b8e9d02"
        }
      },
      "session-required": {
        "value": {
          "type": "urn:problem-type:syncsphere:session-required",
          "title": "A session is required",
          "status": 403,
          "detail": "This operation needs a session. Log in.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "insufficient-scope": {
        "value": {
          "type": "urn:problem-type:syncsphere:insufficient-scope",
          "title": "The token does not allow this",
          "status": 403,
          "detail": "This operation needs a token with the scope \"write\".",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "cross-origin": {
        "value": {
          "type": "urn:problem-type:syncsphere:cross-origin",
          "title": "Requests from other sites are refused",
          "status": 403,
          "detail": "Requests from other sites may not change anything on this server.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "registration-closed": {
        "value": {
          "type": "urn:problem-type:syncsphere:registration-closed",
          "title": "Registration is closed",
          "status": 403,
          "detail": "Ask the operator of this server for an account.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "wrong-password": {
        "value": {
          "type": "urn:problem-type:syncsphere:wrong-password",
          "title": "Wrong password",
          "status": 403,
          "detail": "Current password is incorrect.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "reauthentication-required": {
        "value": {
          "type": "urn:problem-type:syncsphere:reauthentication-required",
          "title": "Log in again first",
          "status": 403,
          "detail": "Log in again; the session must be younger than 10 minutes.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "not-owner": {
        "value": {
          "type": "urn:problem-type:syncsphere:not-owner",
          "title": "Only the owner may do this",
          "status": 403,
          "detail": "Only the owner may change or delete this file.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "session-not-found": {
        "value": {
          "type": "urn:problem-type:syncsphere:session-not-found",
          "title": "No such session",
          "status": 404,
          "detail": "You have no session with this id.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "token-not-found": {
        "value": {
          "type": "urn:problem-type:syncsphere:token-not-found",
          "title": "No such token",
          "status": 404,
          "detail": "You have no token with this id.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "file-not-found": {
        "value": {
          "type": "urn:problem-type:syncsphere:file-not-found",
          "title": "No such file",
          "status": 404,
          "detail": "There is no file with this id that you may read.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "user-not-found": {
        "value": {
          "type": "urn:problem-type:syncsphere:user-not-found",
          "title": "No such user",
          "status": 404,
          "detail": "There is no user with this username.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "request-not-found": {
        "value": {
          "type": "urn:problem-type:syncsphere:request-not-found",
          "title": "No such friend request",
          "status": 404,
          "detail": "There is no friend request with this id that you may decide.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "friend-not-found": {
        "value": {
          "type": "urn:problem-type:syncsphere:friend-not-found",
          "title": "No such friend",
          "status": 404,
          "detail": "You have no friend with this username.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "not-found": {
        "value": {
          "type": "urn:problem-type:syncsphere:not-found",
          "title": "Unknown path",
          "status": 404,
          "detail": "This path does not exist.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "request-timeout": {
        "value": {
          "type": "urn:problem-type:syncsphere:request-timeout",
          "title": "The request did not arrive in time",
          "status": 408,
          "detail": "The body did not arrive in time.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "username-taken": {
        "value": {
          "type": "urn:problem-type:syncsphere:username-taken",
          "title": "The username is taken",
          "status": 409,
          "detail": "Another account holds this username.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "email-taken": {
        "value": {
          "type": "urn:problem-type:syncsphere:email-taken",
          "title": "The email is taken",
          "status": 409,
          "detail": "Another account holds this email.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "too-many-tokens": {
        "value": {
          "type": "urn:problem-type:syncsphere:too-many-tokens",
          "title": "Too many tokens",
          "status": 409,
          "detail": "An account can have at most 100 tokens. Revoke one first.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "already-friends": {
        "value": {
          "type": "urn:problem-type:syncsphere:already-friends",
          "title": "Already friends",
          "status": 409,
          "detail": "You are friends already.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "request-pending": {
        "value": {
          "type": "urn:problem-type:syncsphere:request-pending",
          "title": "A request is pending",
          "status": 409,
          "detail": "You have already sent this user a request, which is pending.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "self-request": {
        "value": {
          "type": "urn:problem-type:syncsphere:self-request",
          "title": "You cannot befriend yourself",
          "status": 409,
          "detail": "You cannot befriend yourself.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "not-pending": {
        "value": {
          "type": "urn:problem-type:syncsphere:not-pending",
          "title": "The request is not pending",
          "status": 409,
          "detail": "This friend request has already been accepted, rejected or cancelled.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "precondition-failed": {
        "value": {
          "type": "urn:problem-type:syncsphere:precondition-failed",
          "title": "The precondition failed",
          "status": 412,
          "detail": "The file has changed since you last read it.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "file-too-large": {
        "value": {
          "type": "urn:problem-type:syncsphere:file-too-large",
          "title": "The file is too large",
          "status": 413,
          "detail": "A file may have at most 10737418240 bytes.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "body-too-large": {
        "value": {
          "type": "urn:problem-type:syncsphere:body-too-large",
          "title": "The body is too large",
          "status": 413,
          "detail": "The body may have at most 65536 bytes.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "unsupported-media-type": {
        "value": {
          "type": "urn:problem-type:syncsphere:unsupported-media-type",
          "title": "Unsupported media type",
          "status": 415,
          "detail": "This operation accepts only application/json.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "range-not-satisfiable": {
        "value": {
          "type": "urn:problem-type:syncsphere:range-not-satisfiable",
          "title": "The range lies outside the file",
          "status": 416,
          "detail": "The file has 3481220 bytes.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "rate-limited": {
        "value": {
          "type": "urn:problem-type:syncsphere:rate-limited",
          "title": "Too many requests",
          "status": 429,
          "detail": "At most 6000 requests are allowed in 60 seconds.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "too-many-attempts": {
        "value": {
          "type": "urn:problem-type:syncsphere:too-many-attempts",
          "title": "Too many wrong passwords",
          "status": 429,
          "detail": "Too many wrong passwords; try again later.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "too-many-streams": {
        "value": {
          "type": "urn:problem-type:syncsphere:too-many-streams",
          "title": "Too many open event streams",
          "status": 429,
          "detail": "Too many event streams of this account are open.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "internal-error": {
        "value": {
          "type": "urn:problem-type:syncsphere:internal-error",
          "title": "The server failed",
          "status": 500,
          "detail": "The server failed. Its log has the cause under this request_id.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "unavailable": {
        "value": {
          "type": "urn:problem-type:syncsphere:unavailable",
          "title": "The server is unavailable",
          "status": 503,
          "detail": "The server is closing.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "content-pending": {
        "value": {
          "type": "urn:problem-type:syncsphere:content-pending",
          "title": "The content has not arrived yet",
          "status": 503,
          "detail": "No reachable server stores the content yet.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      },
      "quota-exceeded": {
        "value": {
          "type": "urn:problem-type:syncsphere:quota-exceeded",
          "title": "The storage quota is exceeded",
          "status": 507,
          "detail": "This file does not fit into your quota.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda",
          "quota": 1073741824,
          "used": 1000000000,
          "reserved": 20000000,
          "required": 314572800
        }
      },
      "disk-full": {
        "value": {
          "type": "urn:problem-type:syncsphere:disk-full",
          "title": "The server has no space left",
          "status": 507,
          "detail": "The server has no room for more files.",
          "request_id": "01a207ee-7dc0-70be-9c38-98d190f9ebda"
        }
      }
    }
  }
}
