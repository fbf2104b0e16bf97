import { randomBytes } from 'node:crypto'
import type { Load } from './wrk.js'

const BOUNDARY = 'a-boundary-of-the-bench'

/** Each body begins with its unique file name, followed by the same random text. */
const BYTES = 4096
const NAME_BYTES = 48

const LUA = `
local count, prefix, padding, kind = 0, '', '', ''

function init(args)
  prefix, padding, kind = args[1], args[2], args[3]
end

function request()
  count = count + 1
  local name = prefix .. '-' .. count
  local bytes = name .. string.rep('.', ${NAME_BYTES} - #name) .. padding
  if kind == 'put' then return wrk.format('PUT', '/put/' .. name, nil, bytes) end
  local extension = count % 5 == 0 and '.pdf' or '.bin'
  return wrk.format('POST', '/upload', nil,
    '--${BOUNDARY}\\r\\nContent-Disposition: form-data; name="file"; filename="' .. name .. extension .. '"\\r\\n\\r\\n' ..
    bytes .. '\\r\\n--${BOUNDARY}--\\r\\n')
end
`

/** A load of 4 KiB multipart uploads, each with unique content and name. */
export function multipartLoad(origin: string, cookie: string, connections: number): Load {
  const headers = { Cookie: cookie, 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
  return { url: origin, connections, headers, script: LUA, args: args('multipart') }
}

/** A load of the same contents by PUT, each to its own path under /put/. */
export function putLoad(origin: string, connections: number): Load {
  return { url: origin, connections, script: LUA, args: args('put') }
}

function args(kind: 'multipart' | 'put'): string[] {
  const padding = randomBytes(BYTES)
    .toString('base64url')
    .slice(0, BYTES - NAME_BYTES)
  return [randomBytes(6).toString('hex'), padding, kind]
}
