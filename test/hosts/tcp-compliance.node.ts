import { generateKeyPair } from '@libp2p/crypto/keys'
import { systemClock } from '../../src/clock/clock.ts'
import { createTcpHost } from '../../src/hosts/tcp/host.ts'
import { hostCompliance } from '../compliance/host.ts'
import type { TcpHost } from '../../src/hosts/tcp/host.ts'
import type { HostSetup } from '../compliance/host.ts'

function setupWith (security: 'tls' | 'plain'): HostSetup {
  return {
    async create () {
      const running: TcpHost[] = []
      return {
        async host () {
          const privateKey = await generateKeyPair('Ed25519')
          const host = await createTcpHost({ privateKey, clock: systemClock, security, listen: ['127.0.0.1:0'] })
          running.push(host)
          return {
            host,
            addr: host.listenAddrs[0],
            stop: async () => host.stop(),
            openStreams: () => host.sockets.inbound + host.sockets.outbound
          }
        },
        async stop () {
          await Promise.all(running.map(async host => host.stop()))
        }
      }
    }
  }
}

hostCompliance('TCP with TLS', setupWith('tls'))
hostCompliance('plain TCP', setupWith('plain'))
