import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { Host } from '../../src/rpc/connection.ts'

/** `host`, which opens one stream at a time; all others wait for their turn. */
export function queueing (host: MemoryHost): Host {
  let last: Promise<unknown> = Promise.resolve()
  return {
    self: host.self,
    identify: async (addr, protocol, options) => host.identify(addr, protocol, options),
    handle: async (protocol, handler) => host.handle(protocol, handler),
    unhandle: async protocol => host.unhandle(protocol),
    watch: (protocol, topology) => host.watch(protocol, topology),
    async openStream (peer, protocol, options) {
      options?.onQueued?.(true)
      const opened = last.then(async () => {
        options?.onQueued?.(false)
        return host.openStream(peer, protocol, options)
      })
      last = opened.catch(() => {})
      return opened
    }
  }
}
