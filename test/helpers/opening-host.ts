import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { Host } from '../../src/rpc/connection.ts'

/** `host`, which opens streams as `openStream` does. */
export function opening (host: MemoryHost, openStream: Host['openStream']): Host {
  return {
    self: host.self,
    identify: async (addr, protocol, options) => host.identify(addr, protocol, options),
    handle: async (protocol, handler) => host.handle(protocol, handler),
    unhandle: async protocol => host.unhandle(protocol),
    watch: (protocol, topology) => host.watch(protocol, topology),
    openStream
  }
}
