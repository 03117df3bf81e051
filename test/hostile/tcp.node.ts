import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { Kademlia } from '../../src/dht/kademlia.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { createTcpHost } from '../../src/hosts/tcp/host.ts'
import { NETWORK } from './arena.ts'
import { hostileInput } from './suite.ts'
import type { Arena } from './arena.ts'
import type { TcpHost } from '../../src/hosts/tcp/host.ts'

/** Real sockets; our own deadlines run on a clock that only the test moves. */
async function tcpArena (security: 'tls' | 'plain'): Promise<Arena> {
  const clock = new VirtualClock({ start: Date.now() })
  const hosts: TcpHost[] = []
  const rejections: unknown[] = []
  const onRejection = (reason: unknown): void => { rejections.push(reason) }
  process.on('unhandledRejection', onRejection)
  return {
    async host () {
      const host = await createTcpHost({ privateKey: await generateKeyPair('Ed25519'), listen: ['/ip4/127.0.0.1/tcp/0'], clock, security })
      hosts.push(host)
      return { host, stop: async () => { await host.stop() } }
    },
    dht: (host, init) => new Kademlia({ host, protocol: NETWORK, clock, ...init }),
    run: async task => task,
    advance: async ms => { await clock.advance(ms) },
    async stop () {
      await Promise.all(hosts.map(async host => { await host.stop() }))
      process.off('unhandledRejection', onRejection)
      expect(rejections, 'unhandled rejections').to.deep.equal([])
      expect(hosts.map(({ sockets }) => sockets)).to.deep.equal(hosts.map(() => ({ inbound: 0, outbound: 0, handshakes: 0 })))
      expect(clock.pending, 'timers left').to.equal(0)
    }
  }
}

// a connection each: fewer than over the memory network, since the frames behind it are read by the same code
hostileInput('plain TCP', async () => tcpArena('plain'), 2_000)
// a handshake each: fewer still
hostileInput('TCP with TLS', async () => tcpArena('tls'), 500)
