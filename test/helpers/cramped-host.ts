import { HostFullError } from '../../src/rpc/errors.ts'
import { opening } from './opening-host.ts'
import type { MemoryHost } from '../../src/hosts/memory/host.ts'
import type { Host } from '../../src/rpc/connection.ts'

/** `host`, which opens no stream while it has `room` of them, whoever opened those. */
export function cramped (host: MemoryHost, room: number): Host {
  let dialling = 0
  return opening(host, async (peer, protocol, options) => {
    if (host.openStreams + dialling >= room) {
      throw new HostFullError(`there is room for ${room} streams`)
    }
    dialling++
    try {
      return await host.openStream(peer, protocol, options)
    } finally {
      dialling--
    }
  })
}
