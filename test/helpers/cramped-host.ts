import { HostFullError } from '../../src/rpc/errors.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { Host } from '../../src/rpc/connection.ts'

/** `host`, which opens no stream while it has `room` of them, whoever opened those. */
export function cramped (host: MemoryHost, room: number): Host {
  let dialling = 0
  return {
    self: host.self,
    identify: async (addr, protocol, options) => host.identify(addr, protocol, options),
    handle: async (protocol, handler) => host.handle(protocol, handler),
    unhandle: async protocol => host.unhandle(protocol),
    watch: (protocol, topology) => host.watch(protocol, topology),
    async openStream (peer, protocol, options) {
      if (host.openStreams + dialling >= room) {
        throw new HostFullError(`there is room for ${room} streams`)
      }
      dialling++
      try {
        return await host.openStream(peer, protocol, options)
      } finally {
        dialling--
      }
    }
  }
}
