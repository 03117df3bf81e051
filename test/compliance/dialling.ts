import { expect } from 'aegir/chai'
import { concat } from 'uint8arrays/concat'
import { DialError, UnsupportedProtocolError } from '../../src/rpc/errors.ts'
import { check, PROTOCOL, peerOf } from './network.ts'
import { collect, echo, expectBytes, failureOf, pattern, roundTrip } from './streams.ts'
import type { HostSetup } from './network.ts'

/** Not a multiaddr: the protocol code never ends. */
const GARBAGE = Uint8Array.from([0xff, 0xff, 0xff, 0xff])

/** Who is reached, who is not, and how that is said. */
export function diallingCompliance (setup: HostSetup): void {
  describe('dialling', () => {
    check(setup, 'does not dial for a signal that is already aborted', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      const reason = new Error('before it began')
      const opening = client.host.openStream(peerOf(server), PROTOCOL, { signal: AbortSignal.abort(reason) })

      expect(await failureOf(opening)).to.equal(reason)
      await roundTrip(client, server)
    })

    check(setup, 'stops dialling when aborted', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      const reason = new Error('in the middle')
      const controller = new AbortController()
      const opening = client.host.openStream(peerOf(server), PROTOCOL, { signal: controller.signal })
      controller.abort(reason)

      expect(await failureOf(opening)).to.equal(reason)
      await roundTrip(client, server)
    })

    check(setup, 'leaves an open stream alone when the signal of its dial is aborted', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      const controller = new AbortController()
      const stream = await client.host.openStream(peerOf(server), PROTOCOL, { signal: controller.signal })
      controller.abort()
      await stream.sink([new Uint8Array(10)])

      expect(await stream.source.next()).to.have.nested.property('value.byteLength', 10)
      expect(await stream.source.next()).to.have.property('done', true)
    })

    check(setup, 'sends what is early before all else, or does not ask for it', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      const [early, rest] = [pattern(1_000, 1), pattern(100_000, 2)]
      let asked = 0
      const stream = await client.host.openStream(peerOf(server), PROTOCOL, { early: () => { asked++; return early } })
      const [answer] = await Promise.all([collect(stream.source), stream.sink([rest])])

      expectBytes(answer, concat(asked > 0 ? [early, rest] : [rest]))
    })

    check(setup, 'refuses a protocol that is not served whatever was early', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      const opening = client.host.openStream(peerOf(server), `${PROTOCOL}/another`, { early: () => pattern(30_000) })

      expect(await failureOf(opening)).to.be.an.instanceOf(UnsupportedProtocolError)
    })

    check(setup, 'fails for a peer without addresses', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      const opening = client.host.openStream({ id: server.host.self.id, addrs: [] }, PROTOCOL)

      expect(await failureOf(opening)).to.be.an.instanceOf(DialError)
    })

    check(setup, 'fails for a peer that was never there', async hosts => {
      const server = await hosts.server(echo)
      await server.stop()
      const client = await hosts.client()

      expect(await failureOf(client.host.openStream(peerOf(server), PROTOCOL))).to.be.an.instanceOf(DialError)
    })

    check(setup, 'fails for a peer that was there and has stopped', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      await roundTrip(client, server)
      await server.stop()

      expect(await failureOf(client.host.openStream(peerOf(server), PROTOCOL))).to.be.an.instanceOf(DialError)
    })

    check(setup, 'fails for an address where someone else lives', async hosts => {
      const server = await hosts.server(echo)
      const other = await hosts.server(echo)
      const client = await hosts.client()
      const opening = client.host.openStream({ id: other.host.self.id, addrs: [server.addr] }, PROTOCOL)

      expect(await failureOf(opening)).to.be.an.instanceOf(DialError)
    })

    check(setup, 'fails for ourselves', async hosts => {
      const server = await hosts.server(echo)

      expect(await failureOf(server.host.openStream(peerOf(server), PROTOCOL))).to.be.an.instanceOf(DialError)
    })

    check(setup, 'fails for an address that is none', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      const peer = { id: server.host.self.id, addrs: [GARBAGE, new Uint8Array(0)] }

      expect(await failureOf(client.host.openStream(peer, PROTOCOL))).to.be.an.instanceOf(DialError)
    })

    check(setup, 'finds the one address of several where the peer is', async hosts => {
      const gone = await hosts.server(echo)
      const other = await hosts.server(echo)
      const server = await hosts.server(echo)
      const client = await hosts.client()
      await gone.stop()
      const peer = { id: server.host.self.id, addrs: [GARBAGE, gone.addr, other.addr, server.addr] }
      const stream = await client.host.openStream(peer, PROTOCOL)
      await stream.sink([new Uint8Array(10)])

      expect(await stream.source.next()).to.have.nested.property('value.byteLength', 10)
    })

    check(setup, 'says so when the peer does not serve the protocol', async hosts => {
      const server = await hosts.server(echo)
      const nobody = await hosts.client()
      const client = await hosts.client()
      const another = client.host.openStream(peerOf(server), '/kadmium/another/1.0.0')

      expect(await failureOf(another)).to.be.an.instanceOf(UnsupportedProtocolError)
      expect(await failureOf(client.host.openStream(peerOf(nobody), PROTOCOL))).to.be.an.instanceOf(UnsupportedProtocolError)
      await roundTrip(client, server)
    })

    check(setup, 'opens nothing after its own stop', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      await client.stop()

      expect(await failureOf(client.host.openStream(peerOf(server), PROTOCOL))).to.be.an.instanceOf(Error)
    })
  })
}
