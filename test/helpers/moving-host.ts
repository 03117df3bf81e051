import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { Host } from '../../src/rpc/connection.ts'

/** `host`, which says that it listens at `addrs` of the moment. */
export function moving (host: MemoryHost, addrs: () => readonly Uint8Array[]): Host {
  return {
    get self () { return { id: host.self.id, addrs: addrs() } },
    openStream: async (peer, protocol, options) => host.openStream(peer, protocol, options),
    identify: async (addr, protocol, options) => host.identify(addr, protocol, options),
    handle: async (protocol, handler) => host.handle(protocol, handler),
    unhandle: async protocol => host.unhandle(protocol),
    watch: (protocol, topology) => host.watch(protocol, topology)
  }
}
