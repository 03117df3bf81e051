import { opening } from './opening-host.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { Host } from '../../src/rpc/connection.ts'

/** `host`, which opens one stream at a time; all others wait for their turn. */
export function queueing (host: MemoryHost): Host {
  let last: Promise<unknown> = Promise.resolve()
  return opening(host, async (peer, protocol, options) => {
    options?.onQueued?.(true)
    const opened = last.then(async () => {
      options?.onQueued?.(false)
      return host.openStream(peer, protocol, options)
    })
    last = opened.catch(() => {})
    return opened
  })
}
