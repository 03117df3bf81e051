import { backpressureCompliance } from './backpressure.ts'
import { bytesCompliance } from './bytes.ts'
import { diallingCompliance } from './dialling.ts'
import { endingsCompliance } from './endings.ts'
import { identifyCompliance } from './identify.ts'
import { servingCompliance } from './serving.ts'
import { watchingCompliance } from './watching.ts'
import type { HostSetup } from './network.ts'

export type { HostSetup, TestHost, TestNetwork } from './network.ts'

/**
 * What every `Host` owes the DHT, as `src/rpc/connection.ts` says it. Each check
 * gets a fresh network and leaves nothing open. No check waits for time to pass:
 * the suite runs on the virtual clock as on real sockets.
 *
 * @example
 *
 * ```typescript
 * hostCompliance('tcp', {
 *   async create () {
 *     const running: TcpHost[] = []
 *     return {
 *       async host () {
 *         const host = await startTcpHost({ listen: '127.0.0.1:0' })
 *         running.push(host)
 *         return { host, addr: host.self.addrs[0], stop: () => host.stop() }
 *       },
 *       async stop () {
 *         await Promise.all(running.map(host => host.stop()))
 *       }
 *     }
 *   }
 * })
 * ```
 */
export function hostCompliance (name: string, setup: HostSetup): void {
  describe(`${name} host compliance`, () => {
    bytesCompliance(setup)
    endingsCompliance(setup)
    backpressureCompliance(setup)
    diallingCompliance(setup)
    servingCompliance(setup)
    identifyCompliance(setup)
    watchingCompliance(setup)
  })
}
