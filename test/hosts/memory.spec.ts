import { createMemoryNetwork, VirtualClock } from '../../src/memory.ts'
import { hostCompliance } from '../compliance/host.ts'
import type { Latency } from '../../src/memory.ts'
import type { HostSetup } from '../compliance/network.ts'

const LATENCIES: Array<[title: string, latency: Latency]> = [
  ['memory, no latency', 0],
  ['memory, latency of 50 ms', 50],
  ['memory, latency of 1 to 100 ms', [1, 100]]
]

function setupOf (latency: Latency): HostSetup {
  return {
    maxInFlight: 512 * 1024,
    async create () {
      const clock = new VirtualClock()
      const network = createMemoryNetwork({ clock, seed: 42, latency })
      return {
        async host () {
          const host = network.createHost()
          return {
            host,
            addr: host.self.addrs[0],
            stop: async () => host.stop(),
            openStreams: () => host.openStreams
          }
        },
        stop: async () => network.stop(),
        run: async task => clock.run(task)
      }
    }
  }
}

LATENCIES.forEach(([title, latency]) => { hostCompliance(title, setupOf(latency)) })
