import { expect } from 'aegir/chai'
import { UnsupportedProtocolError } from '../../src/rpc/errors.ts'
import { check, PROTOCOL, peerOf } from './network.ts'
import { collect, connect, defer, echo, failureOf, pattern, roundTrip, thenSilence } from './streams.ts'
import type { HostSetup } from './network.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'

/** Handlers come, are replaced and go. */
export function servingCompliance (setup: HostSetup): void {
  describe('serving', () => {
    check(setup, 'refuses new streams and resets open ones after unhandle', async hosts => {
      const failure = defer<unknown>()
      const server = await hosts.server(async stream => {
        const sent = stream.sink(thenSilence(pattern(1)))
        failure.resolve(failureOf(collect(stream.source)))
        await sent
      })
      const client = await hosts.client()
      const stream = await connect(client, server)
      await stream.source.next()
      const ours = failureOf(collect(stream.source))
      await server.host.unhandle(PROTOCOL)

      expect(await ours).to.be.an.instanceOf(Error)
      expect(await failure.promise).to.be.an.instanceOf(Error)
      expect(await failureOf(connect(client, server))).to.be.an.instanceOf(UnsupportedProtocolError)
    })

    check(setup, 'keeps its own requests when it serves no more', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.server(echo)
      const stream = await connect(client, server)
      await client.host.unhandle(PROTOCOL)
      const [answer] = await Promise.all([collect(stream.source), stream.sink([pattern(10)])])

      expect(answer).to.equalBytes(pattern(10))
    })

    check(setup, 'serves again after unhandle', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      await server.host.unhandle(PROTOCOL)
      await server.host.handle(PROTOCOL, echo)

      await roundTrip(client, server)
    })

    check(setup, 'does not mind unhandle for what it does not serve', async hosts => {
      const server = await hosts.server(echo)
      await server.host.unhandle('/kadmium/another/1.0.0')

      await roundTrip(await hosts.client(), server)
    })

    check(setup, 'replaces a handler by the second', async hosts => {
      const server = await hosts.server(async stream => { await stream.sink([pattern(1, 1)]) })
      const client = await hosts.client()
      await server.host.handle(PROTOCOL, async stream => { await stream.sink([pattern(1, 2)]) })
      const stream = await connect(client, server)
      const [answer] = await Promise.all([collect(stream.source), stream.sink([])])

      expect(answer).to.equalBytes(pattern(1, 2))
    })

    check(setup, 'tells protocols apart', async hosts => {
      const server = await hosts.server(async stream => { await stream.sink([pattern(1, 1)]) })
      const client = await hosts.client()
      await server.host.handle('/kadmium/another/1.0.0', async stream => { await stream.sink([pattern(1, 2)]) })
      const first = await connect(client, server)
      const second = await client.host.openStream(peerOf(server), '/kadmium/another/1.0.0')
      await Promise.all([first.sink([]), second.sink([])])

      expect(await collect(first.source)).to.equalBytes(pattern(1, 1))
      expect(await collect(second.source)).to.equalBytes(pattern(1, 2))
    })

    check(setup, 'tells the handler where a dialler listens that serves the protocol, and of no address else', async hosts => {
      const remotes: PeerInfo[] = []
      const server = await hosts.server(async (stream, remote) => {
        remotes.push(remote)
        await echo(stream)
      })
      const peer = await hosts.server(echo)
      const client = await hosts.client()
      await hosts.acquaint(client, server)
      await hosts.acquaint(peer, server)
      await roundTrip(client, server)
      await roundTrip(peer, server)

      expect(remotes).to.have.lengthOf(2)
      expect(remotes[0].addrs).to.be.empty()
      expect(remotes[1].addrs.map(addr => addr.join())).to.include(peer.addr.join())
    })

    check(setup, 'dials a dialler back at the addresses it told', async hosts => {
      const remote = defer<PeerInfo>()
      const server = await hosts.server(async (stream, peer) => {
        remote.resolve(peer)
        await echo(stream)
      })
      const peer = await hosts.server(echo)
      await roundTrip(peer, server)
      const stream = await server.host.openStream(await remote.promise, PROTOCOL)
      const [answer] = await Promise.all([collect(stream.source), stream.sink([pattern(10)])])

      expect(answer).to.equalBytes(pattern(10))
    })
  })
}
